/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relatives that a task has no number for. Files are fetched from whoever made them through a pidfd, and in a nested pid
 * namespace nobody outside can be named: the root task, which sees all, opens a pidfd of everybody, and such a task
 * fetches those through the one of the root that it inherits.
 */
#include <sys/pidfd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/places.h"
#include "file/relay.h"
#include "file/state.h"
#include "run/restore.h"
#include "run/shared.h"
#include "task/pids.h"

int relay_begin(struct restore *r)
{
	auto_fd int fd = -1;

	if (!pids_are_nested(&r->m))
		return 0;
	fd = pidfd_open(getpid(), 0);
	return fd < 0 ? fail_errno("pidfd_open of itself") : fd_keep(r, &fd, &r->files->root_pidfd);
}

static int offer(const struct restore *r, pid_t pid, int *ret_number)
{
	auto_fd int fd = pidfd_open(pid, 0);

	return fd < 0 ? fail_errno("pidfd_open %d", pid) : fd_keep(r, &fd, ret_number);
}

int relay_offer(const struct restore *r)
{
	int err = 0;

	if (r->self != r->m.tasks.v[0] || !pids_are_nested(&r->m))
		return 0;
	for (size_t i = 0; i < r->m.tasks.n && !err; i++)
		if (is_alive(r->m.tasks.v[i]))
			err = offer(r, leader(r->m.tasks.v[i])->pid, &r->shared->tasks[i].pidfd);
	return err;
}

int relay_open(const struct restore *r, pid_t pid)
{
	const struct task *t = leader(r->self)->n_inner ? model_task_by_pid(&r->m, pid) : NULL;
	int fd = t ? pidfd_getfd(r->files->root_pidfd, r->shared->tasks[t->index].pidfd, 0) : pidfd_open(pid, 0);

	return fd < 0 ? fail_errno("open process %d", pid) : fd;
}
