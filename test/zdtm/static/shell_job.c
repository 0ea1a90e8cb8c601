// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A job on a terminal whose master is outside: with --shell-job it takes over session and terminal
 * of the caller.
 * zdtm-opts: --shell-job
 * zdtm-run: job
 * zdtm-ignore: stat.(session|pgrp|tty_nr|tpgid)
 * zdtm-ignore: fd \d+: (inode|target|mnt_id|mode)
 * zdtm-ignore: fd \d+: same
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct termios set, now;
	int own;

	zt_init();
	SETUP(isatty(0) && isatty(1) && tcgetattr(0, &set) == 0);
	set.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	SETUP(tcsetattr(0, TCSANOW, &set) == 0);
	SETUP(tcgetpgrp(0) == getpgrp() && getsid(0) != getpid());
	own = open("/dev/tty", O_RDWR | O_NONBLOCK);
	SETUP(own >= 0 && close(own) == 0);
	zt_checkpoint();

	CHECK(isatty(0) && isatty(1), "no terminal any more");
	CHECK(tcgetattr(0, &now) == 0 && now.c_lflag == set.c_lflag,
	      "terminal settings: %#x, were %#x", now.c_lflag, set.c_lflag);
	CHECK(write(1, "x", 1) == 1, "cannot be written");
	CHECK(open("/dev/tty", O_RDWR) >= 0, "it is not the controlling terminal");
	return zt_result();
}
