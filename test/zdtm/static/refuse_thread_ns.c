// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread in another network namespace than its process, as container engines have them.
 * zdtm-refuse: thread \d+ is in another net namespace than its process \[task.thread-namespace\]
 * zdtm-code: task.thread-namespace
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: loses that in silence
 */
#include <pthread.h>
#include <sched.h>

#include "zdtm.h"

static pthread_barrier_t begun;

static void *thread(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWNET) == 0);
	pthread_barrier_wait(&begun);
	zt_wait();
	return NULL;
}

int main(void)
{
	pthread_t t;

	zt_init();
	SETUP(!pthread_barrier_init(&begun, NULL, 2) && !pthread_create(&t, NULL, thread, NULL));
	pthread_barrier_wait(&begun);
	zt_checkpoint();
	pthread_join(t, NULL);
	return zt_result();
}
