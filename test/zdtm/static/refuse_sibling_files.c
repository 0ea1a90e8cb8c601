// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two children of one parent share a descriptor table that the parent does not have (CLONE_FILES | CLONE_PARENT).
 * zdtm-refuse: descriptor table
 * zdtm-code: task.tree
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static int told[2];

static void second(void *arg)
{
	(void)arg;
	zt_checkpoint();
	CHECK(open("/dev/null", O_RDONLY) >= 0, "open in a shared table");
}

static void first(void *arg)
{
	pid_t kid = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);

	if (!kid)
		zt_run_child(second, arg);
	SETUP(write(told[1], &kid, sizeof(kid)) == sizeof(kid));
	zt_checkpoint();
}

int main(void)
{
	pid_t a, b = -1;

	zt_init();
	SETUP(pipe(told) == 0);
	a = fork();
	SETUP(a >= 0);
	if (!a)
		zt_run_child(first, NULL);
	SETUP(read(told[0], &b, sizeof(b)) == sizeof(b) && b > 0);
	zt_await_ready(a);
	zt_await_ready(b);
	zt_checkpoint();

	zt_end_child(b);
	zt_end_child(a);
	return zt_result();
}
