// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A parent waiting in vfork for its child: refused; both go on.
 * zdtm-refuse: vfork|shared.mm|mm|memory
 * zdtm-code: task.shared-mm
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int in_child, go_on, status;

static void *fork_and_wait(void *arg)
{
	pid_t kid = vfork();
	int got = -1;

	if (!kid) {
		/* shares everything with the waiting parent until it exits */
		in_child = 1;
		while (!go_on)
			zt_sleep_ms(1);
		_exit(7);
	}
	waitpid(kid, &got, 0);
	status = got;
	return arg;
}

int main(void)
{
	pthread_t thread;

	zt_init();
	SETUP(pthread_create(&thread, NULL, fork_and_wait, NULL) == 0);
	while (!in_child)
		zt_sleep_ms(1);
	zt_checkpoint();

	go_on = 1;
	pthread_join(thread, NULL);
	CHECK_EQ(status, 7 << 8);
	return zt_result();
}
