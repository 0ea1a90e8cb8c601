// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session of the tree has a controlling terminal, but no descriptor of it is open: restore could
 * not give it back.
 * zdtm-refuse: leads a session with terminal
 * zdtm-code: file.tty
 * zdtm-run: pty
 */
#include <fcntl.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int null = open("/dev/null", O_RDWR), tty;

	zt_init();
	SETUP(getsid(0) == getpid());
	for (int fd = 0; fd <= 2; fd++)
		SETUP(dup2(null, fd) == fd);
	SETUP(close(null) == 0);
	zt_checkpoint();

	tty = open("/dev/tty", O_RDWR);
	CHECK(tty >= 0 && tcgetpgrp(tty) == getpgrp(), "the terminal");
	return zt_result();
}
