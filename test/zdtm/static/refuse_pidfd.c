// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pidfd: refused until its kind exists.
 * zdtm-refuse: pidfd
 * zdtm-peer: saves it
 */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int fd;

	zt_init();
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	SETUP(fd >= 0);
	zt_checkpoint();

	CHECK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0, "the pidfd");
	return zt_result();
}
