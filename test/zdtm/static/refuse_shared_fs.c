// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that shares cwd and umask with its parent (CLONE_FS): kept, or refused by name.
 * zdtm-refuse: fs
 * zdtm-code: task.shared-fs
 */
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	umask(0123);
}

int main(void)
{
	pid_t kid;

	zt_init();
	kid = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, NULL, NULL, NULL, 0);
	SETUP(kid >= 0);
	if (!kid)
		zt_run_child(child, NULL);
	zt_await_ready(kid);
	zt_checkpoint();

	zt_end_child(kid);
	CHECK_EQ(umask(0), 0123);
	return zt_result();
}
