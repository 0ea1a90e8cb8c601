// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pidfd of a process outside of the tree.
 * zdtm-refuse: pidfd of process \d+, which is outside of the tree \[file.unsupported\]
 * zdtm-code: file.unsupported
 * zdtm-flavor: h
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int fd;

	zt_init();
	fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	SETUP(fd >= 0);
	zt_checkpoint();

	CHECK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0, "the pidfd");
	return zt_result();
}
