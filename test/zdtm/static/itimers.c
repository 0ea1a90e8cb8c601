// SPDX-License-Identifier: GPL-2.0-or-later
/* The three interval timers: time left, interval, and signals that go on to arrive. */
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "zdtm.h"

static volatile sig_atomic_t vtalrm, prof;

static void on_signal(int sig)
{
	if (sig == SIGVTALRM)
		vtalrm = 1;
	else
		prof = 1;
}

int main(void)
{
	struct itimerval real = { { 3, 250000 }, { 5000, 0 } }, now;
	struct itimerval virt = { { 0, 20000 }, { 0, 20000 } },
			 profile = { { 0, 0 }, { 0, 30000 } };

	zt_init();
	signal(SIGVTALRM, on_signal);
	signal(SIGPROF, on_signal);
	SETUP(setitimer(ITIMER_REAL, &real, NULL) == 0 &&
	      setitimer(ITIMER_VIRTUAL, &virt, NULL) == 0);
	SETUP(setitimer(ITIMER_PROF, &profile, NULL) == 0);
	zt_checkpoint();

	CHECK(getitimer(ITIMER_REAL, &now) == 0, "getitimer");
	CHECK(now.it_value.tv_sec > 4900 && now.it_value.tv_sec < 5000, "%lld s left",
	      (long long)now.it_value.tv_sec);
	CHECK(now.it_interval.tv_sec == 3 && now.it_interval.tv_usec == 250000, "interval");
	CHECK(getitimer(ITIMER_VIRTUAL, &now) == 0 && now.it_interval.tv_usec == 20000, "interval");
	/* only user time moves these two: bounded by the wall clock, should they be dead */
	for (uint64_t end = zt_now_ns(CLOCK_MONOTONIC) + 5000000000u; !(vtalrm && prof);)
		if (zt_now_ns(CLOCK_MONOTONIC) > end)
			break;
	CHECK(vtalrm, "no SIGVTALRM");
	CHECK(prof, "no SIGPROF");
	return zt_result();
}
