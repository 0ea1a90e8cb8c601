// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child that is the init of a pid namespace below the root's: refused for now.
 * zdtm-refuse: ns.nested|nested|not in
 * zdtm-flavor: h
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int status, arrived[2];
	char byte = 0;
	pid_t kid;

	zt_init();
	SETUP(unshare(CLONE_NEWPID) == 0);
	SETUP(pipe(arrived) == 0);
	kid = fork();
	SETUP(kid >= 0);
	/* what libc does in a new child, it has done when it writes */
	if (!kid && write(arrived[1], &byte, 1) == 1)
		while (1)
			pause();
	SETUP(read(arrived[0], &byte, 1) == 1);
	zt_checkpoint();

	CHECK(kill(kid, SIGKILL) == 0 && waitpid(kid, &status, 0) == kid, "the child");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %#x", status);
	return zt_result();
}
