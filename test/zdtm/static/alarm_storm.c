// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timer signals every half millisecond into computing and sleeping threads: none disturbs the
 * computation.
 * zdtm-ignore: ShdPnd|SigPnd|SigBlk
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "zdtm.h"

static _Atomic uint64_t alarms, rounds;
static _Atomic int running;

static void on_alarm(int sig)
{
	/* spoils what a handler may spoil, should the frame not be put back rightly */
	double x = sig;

	asm volatile("fninit; xorps %%xmm0, %%xmm0; pxor %%xmm5, %%xmm5"
		     :
		     : "x"(x)
		     : "xmm0", "xmm5", "st");
	alarms++;
}

static void *compute(void *arg)
{
	double expected = 0, sum;

	for (int i = 1; i < 1000; i++)
		expected += 1.0 / i;
	running++;
	while (!zt_is_over()) {
		sum = 0;
		for (int i = 1; i < 1000; i++)
			sum += 1.0 / i;
		CHECK(sum == expected || zt_has_failed(), "1 + 1/2 + ... is %.17g, should be %.17g",
		      sum, expected);
		rounds++;
		if (rounds % 64 == 0)
			zt_sleep_ms(1);
	}
	return arg;
}

int main(void)
{
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	uint64_t before;
	pthread_t threads[2];

	zt_init();
	SETUP(sigaction(SIGALRM,
			&(struct sigaction){ .sa_handler = on_alarm, .sa_flags = SA_RESTART },
			NULL) == 0);
	for (int i = 0; i < 2; i++)
		SETUP(pthread_create(&threads[i], NULL, compute, NULL) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	SETUP(setitimer(ITIMER_REAL, &often, NULL) == 0);
	zt_sleep_ms(10);
	zt_checkpoint();

	before = alarms;
	zt_sleep_ms(20);
	CHECK(alarms > before, "no alarm any more");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
