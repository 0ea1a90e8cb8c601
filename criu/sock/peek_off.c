/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Put back by whoever survives: the socket itself is reached through its process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "sock/peek_off.h"

void peek_off_take_back(const char *where, const char *value)
{
	int pid, fd, off = atoi(value);
	auto_fd int pidfd = -1, copy = -1;

	if (sscanf(where, "%d %d", &pid, &fd) != 2)
		return;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	copy = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0 && errno == ESRCH)
		return;
	if (copy < 0 || setsockopt(copy, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)) < 0)
		warn_errno("set SO_PEEK_OFF of descriptor %d of process %d back to %d", fd, pid, off);
}
