// SPDX-License-Identifier: GPL-2.0-or-later
/* Two thousand queued signals for the process and one thousand for a thread, in their order. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "zdtm.h"

enum { N_SHARED = 2000, N_PRIVATE = 1000 };

static _Atomic int running;

static void check_queue(const char *what, int sig, int count)
{
	struct timespec none = { 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	for (int i = 0; i < count; i++)
		CHECK((sigtimedwait(&set, &info, &none) == sig && info.si_value.sival_int == i) ||
			      zt_has_failed(),
		      "%s queue at %d", what, i);
	CHECK(sigtimedwait(&set, &info, &none) < 0, "%s queue: there is more", what);
}

static void *with_queue(void *arg)
{
	for (int i = 0; i < N_PRIVATE; i++)
		SETUP(pthread_sigqueue(pthread_self(), SIGRTMIN + 9,
				       (union sigval){ .sival_int = i }) == 0);
	running = 1;
	zt_wait();
	check_queue("private", SIGRTMIN + 9, N_PRIVATE);
	return arg;
}

int main(void)
{
	pthread_t thread;
	sigset_t set;

	zt_init();
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 8);
	sigaddset(&set, SIGRTMIN + 9);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < N_SHARED; i++)
		SETUP(sigqueue(getpid(), SIGRTMIN + 8, (union sigval){ .sival_int = i }) == 0);
	SETUP(pthread_create(&thread, NULL, with_queue, NULL) == 0);
	while (!running)
		zt_sleep_ms(1);
	zt_checkpoint();
	check_queue("shared", SIGRTMIN + 8, N_SHARED);
	pthread_join(thread, NULL);
	return zt_result();
}
