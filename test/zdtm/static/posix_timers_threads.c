// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POSIX timers for threads: of two that live, of one that has ended; many timers; and an id far from
 * the others.
 * zdtm-ignore: timers
 * zdtm-peer: cannot restore the timer of a thread that has ended
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 2, MANY = 200, FAR = 70000000, RESTORE_IDS = 77 };

static _Atomic int running, fired[N];
static _Atomic int is_over;
static int of_thread[N], of_dead, many[MANY];
static _Thread_local int self;

static void on_fire(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	CHECK(info->si_value.sival_int == self, "thread %d got the signal of thread %d", self,
	      info->si_value.sival_int);
	fired[self]++;
}

static int create(int notify, int value)
{
	struct sigevent event = {
		.sigev_notify = notify, .sigev_signo = SIGUSR1, .sigev_value.sival_int = value
	};
	int id = FAR;

	event._sigev_un._tid = gettid();
	SETUP(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0);
	return id;
}

static void *die(void *arg)
{
	struct itimerspec when = { .it_value.tv_sec = 5000 };

	of_dead = create(SIGEV_THREAD_ID, 77);
	SETUP(syscall(SYS_timer_settime, of_dead, 0, &when, NULL) == 0);
	return arg;
}

static void *work(void *arg)
{
	self = (int)(intptr_t)arg;
	of_thread[self] = create(SIGEV_THREAD_ID, self);
	running++;
	zt_wait();
	while (!is_over)
		zt_sleep_ms(1);
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_fire, .sa_flags = SA_SIGINFO };
	struct itimerspec when = { .it_value.tv_nsec = 1000000 }, now;
	pthread_t threads[N], dead;
	int far = -1;

	zt_init();
	sigaction(SIGUSR1, &sa, NULL);
	SETUP(pthread_create(&dead, NULL, die, NULL) == 0 && pthread_join(dead, NULL) == 0);
	for (intptr_t i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < N)
		zt_sleep_ms(1);
	for (int i = 0; i < MANY; i++)
		many[i] = create(SIGEV_NONE, i);
	if (prctl(RESTORE_IDS, 1, 0, 0, 0) == 0) {
		far = create(SIGEV_NONE, 0);
		prctl(RESTORE_IDS, 0, 0, 0, 0);
	}
	zt_checkpoint();

	for (int i = 0; i < MANY; i++)
		CHECK(syscall(SYS_timer_gettime, many[i], &now) == 0, "timer %d is gone", many[i]);
	CHECK(far < 0 || (far == FAR && syscall(SYS_timer_gettime, far, &now) == 0),
	      "timer %d is gone", far);
	CHECK(syscall(SYS_timer_gettime, of_dead, &now) == 0 && now.it_value.tv_sec > 4900,
	      "the timer of the thread that has ended");
	for (int i = 0; i < N; i++)
		CHECK(syscall(SYS_timer_settime, of_thread[i], 0, &when, NULL) == 0, "arm %d", i);
	for (int i = 0; i < 1000 && !(fired[0] && fired[1]); i++)
		zt_sleep_ms(1);
	CHECK_EQ(fired[0], 1);
	CHECK_EQ(fired[1], 1);
	is_over = 1;
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
