// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process whose first thread has ended while others run: refused (the kernel cannot make one).
 * zdtm-refuse: zombie|leader|thread
 * zdtm-code: task.zombie-leader
 */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void *survivor(void *arg)
{
	zt_checkpoint();
	_exit(zt_has_failed());
	return arg;
}

int main(void)
{
	pthread_t thread;
	pid_t kid;

	zt_init();
	kid = fork();
	SETUP(kid >= 0);
	if (!kid) {
		SETUP(pthread_create(&thread, NULL, survivor, NULL) == 0);
		syscall(SYS_exit, 0);
	}
	zt_await_ready(kid);
	/* the leader may still be on its way out */
	zt_sleep_ms(20);
	zt_checkpoint();

	zt_end_child(kid);
	return zt_result();
}
