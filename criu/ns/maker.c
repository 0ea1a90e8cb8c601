/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User namespaces below the base, and what they own. A process for each one, which ends when it has made everything:
 *
 *	root task, in the base --- maker of U1 --- maker of U2, whose parent is U1
 *	                      \--- maker of U3
 *
 * Makers share the root task's descriptors, which keep the namespaces, and which all other tasks inherit.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/places.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "ns/user.h"
#include "run/barrier.h"
#include "run/restore.h"
#include "run/shared.h"
#include "task/fork.h"

/* Mounts are made all at once; a pid namespace comes with its init. */
static const enum ns_type made_alone[] = { NS_CGROUP, NS_UTS, NS_IPC, NS_NET, NS_TIME };

static int keep(struct restore *r, const struct ns *ns)
{
	char path[64];
	auto_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_rows[ns->type].name);
	fd = proc_open(path, O_RDONLY);
	return fd < 0 ? fail_errno("open %s", path) : fd_keep(r, &fd, &shared_ns(r->shared, ns->index)->fd);
}

static int make_owned_of(struct restore *r, const struct ns *user, enum ns_type type)
{
	for (size_t i = 0; i < r->m.namespaces.n; i++) {
		struct ns *ns = r->m.namespaces.v[i];
		IN_SCOPE(ns_rows[type].name, ns->id);
		int err;

		if (ns->type != type || ns->owner != user || ns->ext_key)
			continue;
		err = ns_make(r, ns) ?: keep(r, ns);
		if (err)
			return err;
	}
	return 0;
}

static int make_users_below(struct restore *r, const struct ns *parent);

static int maker_main(struct restore *r, const struct ns *user)
{
	int err = user_ns_begin(r, user) ?: keep(r, user);

	/* First: they count their ids in this one, and this process changes its own. */
	if (!err)
		err = make_users_below(r, user);
	for (size_t i = 0; i < array_size(made_alone) && !err; i++)
		err = make_owned_of(r, user, made_alone[i]);
	return err;
}

/* The kernel takes the effective user id of who makes it for its owner. */
static pid_t fork_as_maker(const struct ns *user)
{
	uid_t own = geteuid();
	pid_t pid;

	if (user->made_by != own && setresuid(-1, user->made_by, -1) < 0)
		return fail_errno("become user %u, who owns the user namespace", user->made_by);
	pid = fork_unnumbered(CLONE_NEWUSER | CLONE_FILES);
	if (pid && geteuid() != own && setresuid(-1, own, -1) < 0)
		return fail_errno("become user %u again", own);
	return pid;
}

static int make_user(struct restore *r, const struct ns *user)
{
	IN_SCOPE("user namespace", user->id);
	pid_t pid = fork_as_maker(user);
	int status, err;

	if (pid < 0)
		return pid;
	if (!pid) {
		err = maker_main(r, user);
		if (err)
			barrier_fail(r, err);
		_exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	err = user_ns_map(r, user);
	if (err)
		barrier_fail(r, err);
	if (waitpid(pid, &status, 0) < 0)
		return fail_errno("wait for the maker of a user namespace");
	return err || !status ? err : -ECANCELED;
}

static int make_users_below(struct restore *r, const struct ns *parent)
{
	int err = 0;

	for (size_t i = 0; i < r->m.namespaces.n && !err; i++) {
		const struct ns *ns = r->m.namespaces.v[i];

		if (ns->type == NS_USER && ns->owner == parent)
			err = make_user(r, ns);
	}
	return err;
}

int ns_make_owned(struct restore *r)
{
	int err;

	for (size_t i = 0; i < r->m.namespaces.n; i++)
		shared_ns(r->shared, i)->fd = r->m.namespaces.v[i]->fd;
	err = make_users_below(r, r->user);
	for (size_t i = 0; i < r->m.namespaces.n; i++)
		r->m.namespaces.v[i]->fd = shared_ns(r->shared, i)->fd;
	return err;
}
