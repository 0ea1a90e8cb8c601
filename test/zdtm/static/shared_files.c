// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that share their descriptor table (CLONE_FILES): what one opens, the other one has. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	CHECK(open(zt_path("child"), O_RDWR | O_CREAT, 0600) >= 0, "open");
	CHECK(dup2(1, 77) == 77, "dup2");
}

int main(void)
{
	pid_t kid;
	int fd;

	zt_init();
	fd = open(zt_path("before"), O_RDWR | O_CREAT, 0600);
	SETUP(fd >= 0);
	kid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, 0);
	SETUP(kid >= 0);
	if (!kid)
		zt_run_child(child, NULL);
	zt_await_ready(kid);
	SETUP(dup2(fd, 55) == 55);
	zt_checkpoint();

	zt_end_child(kid);
	CHECK(fcntl(77, F_GETFD) >= 0, "the child's descriptor is not here");
	CHECK(fcntl(fd + 1, F_GETFD) >= 0, "the child's file is not here");
	CHECK(write(55, "x", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 1, "the duplicate");
	return zt_result();
}
