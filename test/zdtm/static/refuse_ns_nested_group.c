// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process in a nested pid namespace whose group has lost its leader: nobody knows the leader's number in there.
 * zdtm-refuse: is in a nested pid namespace, and the leader of its process group has ended \[ns.nested\]
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static int arrived[2];

/* The leader ends, its child stays in the group. */
static void nested(void)
{
	int child[2];
	char byte;
	pid_t lead;

	SETUP(pipe(child) == 0);
	lead = fork();
	SETUP(lead >= 0);
	if (!lead) {
		SETUP(setpgid(0, 0) == 0);
		if (fork() == 0) {
			SETUP(write(child[1], "", 1) == 1);
			while (1)
				pause();
		}
		_exit(0);
	}
	SETUP(waitpid(lead, NULL, 0) == lead && read(child[0], &byte, 1) == 1);
	SETUP(write(arrived[1], "", 1) == 1);
	while (1)
		pause();
}

int main(void)
{
	struct clone_args args = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };
	int status;
	char byte;
	pid_t kid;

	zt_init();
	SETUP(pipe(arrived) == 0);
	kid = syscall(SYS_clone3, &args, sizeof(args));
	SETUP(kid >= 0);
	if (!kid)
		nested();
	SETUP(read(arrived[0], &byte, 1) == 1);
	zt_checkpoint();

	CHECK(kill(kid, SIGKILL) == 0 && waitpid(kid, &status, 0) == kid, "the child");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %#x", status);
	return zt_result();
}
