// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A POSIX timer on the CPU time of a process that is not in the tree: its parent.
 * zdtm-refuse: CPU time of [0-9]+, which is not in the tree
 * zdtm-code: timer.unsupported
 * zdtm-flavor: h
 * zdtm-peer: restores a timer on another clock
 */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct itimerspec in_an_hour = { .it_value = { 3600, 0 } };
	clockid_t clock;
	timer_t timer;

	zt_init();
	SETUP(clock_getcpuclockid(getppid(), &clock) == 0);
	SETUP(timer_create(clock, &none, &timer) == 0);
	SETUP(timer_settime(timer, 0, &in_an_hour, NULL) == 0);
	zt_checkpoint();

	CHECK(timer_gettime(timer, &in_an_hour) == 0 && in_an_hour.it_value.tv_sec > 3000, "the timer is gone");
	return zt_result();
}
