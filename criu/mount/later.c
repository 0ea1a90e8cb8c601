/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A proc shows the processes of the pid namespace that it was made in, a sysfs the devices of a network namespace, an
 * mqueue the queues of an ipc namespace. Where that is not the root task's, it comes with a task that is forked after the
 * builder has done its work. So the builder stays behind with all that it holds, waits for the tasks, and takes the rest
 * of the steps then; nobody opens a file before it is through. It may be in a user namespace from which it cannot open
 * what tasks are in: the root task sends it that.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd_pass.h"
#include "base/log.h"
#include "base/own.h"
#include "mount/later.h"
#include "mount/make.h"
#include "mount/set.h"
#include "ns/kind.h"
#include "run/barrier.h"
#include "run/restore.h"

int later_begin(struct restore *r, struct mounts_later *l)
{
	const struct mount_plan *p = &r->m.mounts->plan;
	int ends[2];

	l->for_root = l->for_builder = -1;
	if (p->n_early == p->ops.n)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno("socketpair");
	l->for_root = ends[0];
	l->for_builder = ends[1];
	return 0;
}

int later_await(struct mounts_later *l, pid_t builder, int *ret_status)
{
	pid_t ended = waitpid(-1, ret_status, 0);	/* it, or who closes what it leaves in our descriptor table */

	if (ended < 0)
		return fail_errno("wait for the builder of mounts");
	if (l->for_builder >= 0)
		close(take_fd(&l->for_builder));
	l->pid = ended == builder ? 0 : builder;
	return 0;
}

/*
 * The table that the builder shares with the root task is cleaned by another process, which ends with that; nobody has
 * been forked yet, so its number does not matter. From a user namespace the builder could not choose one that stays.
 */
int later_split(void *arg)
{
	struct restore *r = arg;
	struct mounts_later *l = r->m.mounts->later;
	int own_end = l->for_builder, other_end = l->for_root, err;
	pid_t pid = syscall(SYS_clone, CLONE_FILES | CLONE_PARENT, NULL, NULL, NULL, NULL);

	if (pid < 0)
		return fail_errno("fork a helper");
	if (!pid)
		return flag_wait(r, &l->has_left);
	if (unshare(CLONE_FILES) < 0)
		return fail_errno("unshare the descriptor table");
	flag_raise(&l->has_left);
	close(other_end);
	err = flag_wait(r, &l->may_go);
	if (err) {
		deleted_take_names(r);
		_exit(EXIT_FAILURE);
	}
	r->m.mounts->shown = own_end;
	return 1;
}

static const struct ns *shown_by(const struct restore *r, const struct mnt_sb *sb)
{
	return sb->kind->traits & KIND_PIDS ? ns_by_id(&r->m, NS_PID, sb->shown_ns) :
	       sb->kind->traits & KIND_NET ? ns_by_id(&r->m, NS_NET, sb->shown_ns) :
	       sb->kind->traits & KIND_IPC ? ns_by_id(&r->m, NS_IPC, sb->shown_ns) : NULL;
}

/* In a child, which is in that namespace: entering a pid namespace moves nobody but those that are born later. */
int later_make_shown(void *arg, const struct mnt_base *base, int *ret_fd)
{
	struct restore *r = arg;
	struct mounts_later *l = r->m.mounts->later;
	const struct ns *ns = shown_by(r, base->sb);
	auto_fd int fd = -1;
	int status, err;
	pid_t pid;

	if (!ns)
		return fail(EINVAL, "%s shows namespace %u, which is in no image", base->owner->e->mountpoint,
			    base->sb->shown_ns);
	err = fd_receive(r->m.mounts->shown, &fd);
	if (err)
		return fail_with(err, "nobody says which %s namespace %u is", ns_rows[ns->type].name, ns->id);
	if (setns(fd, ns_rows[ns->type].flag) < 0)
		return fail_errno("enter %s namespace %u", ns_rows[ns->type].name, ns->id);
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(base_make(base, -1, &l->made) ? EXIT_FAILURE : EXIT_SUCCESS);
	if (pid < 0)
		return fail_errno("fork into %s namespace %u", ns_rows[ns->type].name, ns->id);
	if (waitpid(pid, &status, 0) < 0)
		return fail_errno("wait for a helper");
	if (status)
		return WIFSIGNALED(status) ? fail(ECHILD, "the maker of %s was killed", base->owner->e->mountpoint) :
					     -ECANCELED;
	*ret_fd = l->made;
	return 0;
}

/* In the order in which the builder asks. */
static int send_shown(struct restore *r, int to)
{
	const struct mount_plan *p = &r->m.mounts->plan;

	for (size_t i = p->n_early; i < p->ops.n; i++) {
		const struct mnt_base *base = p->ops.v[i].type == MOUNT_OP_BASE ? p->ops.v[i].base : NULL;
		const struct ns *ns = base && base->sb->shown_ns ? shown_by(r, base->sb) : NULL;
		auto_fd int fd = -1;
		int err;

		if (!ns)
			continue;	/* the builder says it */
		fd = ns_open_made(r, ns);
		err = fd < 0 ? fd : fd_send(to, fd);
		if (err)
			return fd < 0 ? fd : fail_with(err, "tell the builder of mounts a namespace");
	}
	return 0;
}

int mount_set_finish(struct restore *r)
{
	struct mounts_later *l = r->m.mounts ? r->m.mounts->later : NULL;
	int status, err;

	if (!l || !l->pid)
		return 0;
	flag_raise(&l->may_go);
	err = send_shown(r, l->for_root);
	close(take_fd(&l->for_root));
	if (err)
		return err;
	if (waitpid(l->pid, &status, 0) < 0)
		return fail_errno("wait for the builder of mounts");
	if (status)
		return WIFSIGNALED(status) ? fail(ECHILD, "the builder of mounts was killed") : -ECANCELED;
	return 0;
}
