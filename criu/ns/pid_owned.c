/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pid namespace that a user namespace below the base owns. Whoever makes it must be in its owner, and from there nobody
 * may choose the number that its init has outside. So two processes do it: one goes into the owner, unshares, and ends;
 * the other takes the namespace, which has no init yet, from it and forks the init. /proc/PID/ns/pid_for_children does
 * not lead there before the init is born; the pidfd of the first one does (Linux 6.11).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "ns/pid_owned.h"
#include "ns/user.h"
#include "run/restore.h"
#include "task/fork.h"

#define GET_PID_FOR_CHILDREN _IO(0xff, 6)	/* linux/pidfd.h of 6.11 */

int pid_owned_open(int pid)
{
	auto_fd int pidfd = pidfd_open(pid ?: getpid(), 0);
	int fd = pidfd < 0 ? -1 : ioctl(pidfd, GET_PID_FOR_CHILDREN, 0);

	return fd < 0 ? -errno : fd;
}

/* In a process that shares the descriptors of its parent: the new namespace takes the place of descriptor at. */
static int make_at(struct restore *r, const struct ns *user, int at)
{
	auto_fd int fd = -1;
	int err = user_ns_go(r, user);

	if (err)
		return err;
	if (unshare(CLONE_NEWPID) < 0)
		return fail_errno("make a pid namespace in user namespace %u", user->id);
	fd = pid_owned_open(0);
	if (fd < 0)
		return fail_with(fd, "a pid namespace that is owned by a user namespace below is made with Linux 6.11 or "
				 "later: open it");
	return dup3(fd, at, O_CLOEXEC) < 0 ? fail_errno("dup3") : 0;
}

int pid_owned_begin(struct restore *r, const struct ns *user)
{
	auto_fd int fd = proc_open("/proc/self/ns/pid", O_RDONLY);	/* any: a number that is ours */
	IN_SCOPE("user namespace", user->id);
	pid_t pid = fd < 0 ? fail_errno("open /proc/self/ns/pid") : fork_helper_sharing(r, CLONE_FILES);
	int status;

	if (!pid)
		_exit(make_at(r, user, fd) ? EXIT_FAILURE : EXIT_SUCCESS);
	if (pid < 0)
		return pid;
	if (waitpid(pid, &status, 0) < 0)
		return fail_errno("wait for the maker of a pid namespace");
	if (status)
		return WIFSIGNALED(status) ? fail(ECHILD, "the maker of a pid namespace was killed") : -ECANCELED;
	return setns(fd, CLONE_NEWPID) < 0 ? fail_errno("enter the pid namespace for children") : 0;
}
