// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A POSIX timer on the CPU clock of another thread: kept, or refused by name.
 * zdtm-may-refuse: timer|clock
 * zdtm-peer: restores another clock
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running, looked_at;

/* Until the timer has been looked at: without its thread, a clock has nothing left to say. */
static void *idle(void *arg)
{
	running = 1;
	zt_wait();
	while (!looked_at)
		zt_sleep_ms(1);
	return arg;
}

static int create(clockid_t clock)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec when = { { 0, 0 }, { 3000, 0 } };
	int id = -1;

	SETUP(syscall(SYS_timer_create, clock, &event, &id) == 0);
	SETUP(syscall(SYS_timer_settime, id, 0, &when, NULL) == 0);
	return id;
}

int main(void)
{
	struct itimerspec now;
	pthread_t thread;
	clockid_t clock;
	int own_thread;

	zt_init();
	signal(SIGUSR1, SIG_IGN);
	SETUP(pthread_create(&thread, NULL, idle, NULL) == 0);
	while (!running)
		zt_sleep_ms(1);
	SETUP(pthread_getcpuclockid(thread, &clock) == 0);
	own_thread = create(clock);
	zt_checkpoint();

	CHECK(syscall(SYS_timer_gettime, own_thread, &now) == 0 && now.it_value.tv_sec > 2900,
	      "%lld s left", (long long)now.it_value.tv_sec);
	looked_at = 1;
	pthread_join(thread, NULL);
	return zt_result();
}
