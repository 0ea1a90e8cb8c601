// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that has left the descriptor table of its process: refused, or kept.
 * zdtm-peer: loses the table of the thread
 * zdtm-may-refuse: thread|descriptor table|files
 * zdtm-code: task.thread-files
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running;

static void *alone(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_FILES) == 0 && dup2(0, 77) == 77);
	running = 1;
	zt_wait();
	CHECK(fcntl(77, F_GETFD) >= 0, "its own descriptor is gone");
	return NULL;
}

int main(void)
{
	pthread_t thread;

	zt_init();
	SETUP(pthread_create(&thread, NULL, alone, NULL) == 0);
	while (!running)
		zt_sleep_ms(1);
	zt_checkpoint();
	CHECK(fcntl(77, F_GETFD) < 0, "the other thread's descriptor is here");
	pthread_join(thread, NULL);
	return zt_result();
}
