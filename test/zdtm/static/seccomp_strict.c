// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strict seccomp: the child may only read, write and exit; any other call after the restore must
 * still kill it.
 * zdtm-flavor: h,ns,uns
 */
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static pid_t start_strict(const int *ask, const int *answer)
{
	pid_t pid = fork();
	char c;

	SETUP(pid >= 0);
	if (pid)
		return pid;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
		_exit(9);
	if (write(answer[1], "r", 1) != 1)
		syscall(SYS_exit, 1);
	while (read(ask[0], &c, 1) == 1) {
		c++;
		if (write(answer[1], &c, 1) != 1)
			break;
		if (c == 'q')
			syscall(SYS_exit, 33);
		if (c == 'l')
			syscall(SYS_getppid);
	}
	syscall(SYS_exit, 2);
	return 0;
}

int main(void)
{
	int ask[2][2], answer[2][2], status;
	pid_t kids[2];
	char c;

	zt_init();
	for (int i = 0; i < 2; i++) {
		SETUP(pipe(ask[i]) == 0 && pipe(answer[i]) == 0);
		kids[i] = start_strict(ask[i], answer[i]);
		SETUP(read(answer[i][0], &c, 1) == 1 && c == 'r');
	}
	zt_checkpoint();

	for (int i = 0; i < 2; i++) {
		CHECK(write(ask[i][1], "a", 1) == 1 && read(answer[i][0], &c, 1) == 1 && c == 'b',
		      "no answer: %c", c);
		CHECK(write(ask[i][1], i ? "p" : "k", 1) == 1, "write");
		CHECK_EQ(waitpid(kids[i], &status, 0), kids[i]);
		if (i)
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33, "status %#x", status);
		else
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
			      "not killed: status %#x", status);
	}
	return zt_result();
}
