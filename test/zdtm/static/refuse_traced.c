// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A task that is traced by another one of the tree: refused; the tracer still holds it afterwards.
 * zdtm-refuse: trace
 * zdtm-code: task.traced
 * zdtm-ignore: TracerPid
 */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
}

int main(void)
{
	int status;
	pid_t kid;

	zt_init();
	kid = zt_child(child, NULL);
	SETUP(ptrace(PTRACE_SEIZE, kid, 0, 0) == 0);
	zt_checkpoint();

	CHECK(ptrace(PTRACE_INTERRUPT, kid, 0, 0) == 0, "not traced any more");
	CHECK(waitpid(kid, &status, 0) == kid && WIFSTOPPED(status), "status %#x", status);
	CHECK(kill(kid, SIGKILL) == 0 && waitpid(kid, &status, 0) == kid, "kill");
	return zt_result();
}
