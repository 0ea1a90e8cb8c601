/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A zombie that was not dumpable: the kernel shows its status to root alone, as 0 to others, who would restore it so.
 * zdtm-flavor: user
 * zdtm-refuse: how it ended is not shown
 * zdtm-code: task.state
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	siginfo_t info;
	pid_t pid;
	int status;

	zt_init();
	pid = fork();
	if (!pid) {
		prctl(PR_SET_DUMPABLE, 0);
		kill(getpid(), SIGKILL);
	}
	SETUP(pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	zt_checkpoint();
	CHECK(waitpid(pid, &status, WNOHANG) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "status %#x", status);
	return zt_result();
}
