// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A periodic timerfd that has expired and is not read: fdinfo shows no time left, but it is alive.
 * zdtm-peer: takes the timer for disarmed
 */
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct itimerspec when = { { 0, 5000000 }, { 0, 1000000 } }, now;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t ticks = 0;

	zt_init();
	SETUP(fd >= 0 && timerfd_settime(fd, 0, &when, NULL) == 0);
	zt_sleep_ms(40);
	zt_checkpoint();

	CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 5, "%llu ticks",
	      (unsigned long long)ticks);
	zt_sleep_ms(40);
	ticks = 0;
	CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 4, "then %llu ticks",
	      (unsigned long long)ticks);
	CHECK(timerfd_gettime(fd, &now) == 0 && now.it_interval.tv_nsec == 5000000, "interval");
	return zt_result();
}
