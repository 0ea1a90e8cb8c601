// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A robust mutex held by a thread across the checkpoint: its death afterwards wakes the next owner.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static pthread_mutex_t mutex;
static _Atomic int held;

static void *owner(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	held = 1;
	zt_wait();
	zt_sleep_ms(20);
	/*
	 * without the library's clean-up: only the kernel, by the registered list, can tell the
	 * waiter
	 */
	syscall(SYS_exit, 0);
	return NULL;
}

static void *waiter(void *arg)
{
	held++;
	*(int *)arg = pthread_mutex_lock(&mutex);
	return NULL;
}

int main(void)
{
	pthread_mutexattr_t attr;
	pthread_t a, b;
	int err = -1;

	zt_init();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attr);
	SETUP(pthread_create(&a, NULL, owner, NULL) == 0);
	while (!held)
		zt_sleep_ms(1);
	SETUP(pthread_create(&b, NULL, waiter, &err) == 0);
	while (held < 2)
		zt_sleep_ms(1);
	zt_sleep_ms(10);
	zt_checkpoint();

	CHECK_EQ(pthread_join(a, NULL), 0);
	CHECK_EQ(pthread_join(b, NULL), 0);
	CHECK_EQ(err, EOWNERDEAD);
	return zt_result();
}
