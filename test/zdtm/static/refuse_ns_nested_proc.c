// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child in pid and mount namespaces of its own that has mounted their proc: a restored one would show other processes.
 * zdtm-refuse: /proc shows the processes of another pid namespace than that of the root.*\[ns.nested\]
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct clone_args args = { .flags = CLONE_NEWPID | CLONE_NEWNS, .exit_signal = SIGCHLD };
	int status, arrived[2];
	char byte;
	pid_t kid;

	zt_init();
	SETUP(pipe(arrived) == 0);
	kid = syscall(SYS_clone3, &args, sizeof(args));
	SETUP(kid >= 0);
	if (!kid) {
		SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("proc", "/proc", "proc", 0, NULL) == 0);
		SETUP(write(arrived[1], "", 1) == 1);
		while (1)
			pause();
	}
	SETUP(read(arrived[0], &byte, 1) == 1);
	zt_checkpoint();

	CHECK(kill(kid, SIGKILL) == 0 && waitpid(kid, &status, 0) == kid, "the child");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %#x", status);
	return zt_result();
}
