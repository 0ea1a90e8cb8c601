// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A job of a shell with job control: its process group is its own, and is the one that the terminal
 * listens to. A second group of the job is in the background and stays there.
 * zdtm-opts: --shell-job
 * zdtm-run: job
 * zdtm-peer: refuses it for the group in the background
 * zdtm-ignore: stat.(session|tty_nr)
 * zdtm-ignore: fd \d+: (inode|target|mnt_id|mode)
 * zdtm-ignore: fd \d+: same
 */
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "zdtm.h"

static void in_background(void *arg)
{
	(void)arg;
	SETUP(setpgid(0, 0) == 0);
	zt_checkpoint();
	CHECK(getpgrp() == getpid(), "it is in group %d", getpgrp());
	CHECK(tcgetpgrp(0) != getpid(), "it has come to the foreground");
}

int main(void)
{
	sigset_t ttou;
	pid_t child;
	int own;

	zt_init();
	SETUP(isatty(0) && getsid(0) != getpid() && setpgid(0, 0) == 0);
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, NULL);
	SETUP(tcsetpgrp(0, getpgrp()) == 0);
	sigprocmask(SIG_UNBLOCK, &ttou, NULL);
	own = open("/dev/tty", O_RDWR);	/* the same terminal, by another name */
	SETUP(own >= 0);
	child = zt_child(in_background, NULL);
	zt_checkpoint();

	CHECK(getpgrp() == getpid(), "it is in group %d", getpgrp());
	CHECK_EQ(tcgetpgrp(0), getpgrp());
	CHECK_EQ(tcgetpgrp(own), getpgrp());
	zt_end_child(child);
	return zt_result();
}
