/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A proc shows the processes of the pid namespace that it was made in, a sysfs the devices of a network namespace, an
 * mqueue the queues of an ipc namespace. Where that is not the root task's, it comes with a task that is forked after the
 * builder has done its work. So a copy of the builder stays behind with all that it holds, waits for the tasks, and takes
 * the rest of the steps then; nobody opens a file before it is through.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "mount/later.h"
#include "mount/make.h"
#include "mount/set.h"
#include "ns/kind.h"
#include "run/barrier.h"
#include "run/restore.h"
#include "task/fork.h"

int later_split(void *arg)
{
	struct restore *r = arg;
	struct mounts_later *l = r->m.mounts->later;
	pid_t pid = fork_helper_sharing(r, CLONE_PARENT);	/* the root task's, with descriptors of its own */
	int err;

	if (pid < 0)
		return pid;
	if (pid) {
		l->pid = pid;
		return 0;
	}
	err = flag_wait(r, &l->may_go);
	if (err) {
		deleted_take_names(r);
		_exit(EXIT_FAILURE);
	}
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
	int status;
	pid_t pid;

	if (!ns)
		return fail(EINVAL, "%s shows namespace %u, which is in no image", base->owner->e->mountpoint,
			    base->sb->shown_ns);
	fd = ns_open_made(r, ns);
	if (fd < 0)
		return fd;
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

int mount_set_finish(struct restore *r)
{
	struct mounts_later *l = r->m.mounts ? r->m.mounts->later : NULL;
	int status;

	if (!l || !l->pid)
		return 0;
	flag_raise(&l->may_go);
	if (waitpid(l->pid, &status, 0) < 0)
		return fail_errno("wait for the second builder of mounts");
	if (status)
		return WIFSIGNALED(status) ? fail(ECHILD, "the second builder of mounts was killed") : -ECANCELED;
	return 0;
}
