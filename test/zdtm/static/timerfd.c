// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * timerfd: relative, absolute, with interval, disarmed, expired with unread ticks, on several
 * clocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

static uint64_t ticks_of(int fd)
{
	uint64_t ticks = 0;

	return read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) ? ticks : 0;
}

static int make(int clock, int flags, long value_ms, long interval_ms)
{
	int fd = timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC);
	struct itimerspec when = { .it_interval = { interval_ms / 1000,
						    interval_ms % 1000 * 1000000 } };
	uint64_t start = flags & TFD_TIMER_ABSTIME ? zt_now_ns(clock) : 0;

	start += (uint64_t)value_ms * 1000000;
	when.it_value =
		(struct timespec){ (time_t)(start / 1000000000), (long)(start % 1000000000) };
	SETUP(fd >= 0 && timerfd_settime(fd, flags, &when, NULL) == 0);
	return fd;
}

int main(void)
{
	struct itimerspec left;
	int far, absolute, real, boot, expired, off;

	zt_init();
	far = make(CLOCK_MONOTONIC, 0, 1000000, 7000);
	absolute = make(CLOCK_MONOTONIC, TFD_TIMER_ABSTIME, 2000000, 0);
	real = make(CLOCK_REALTIME, TFD_TIMER_ABSTIME, 3000000, 1500);
	boot = make(CLOCK_BOOTTIME, 0, 4000000, 0);
	expired = make(CLOCK_MONOTONIC, 0, 1, 0);
	off = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	zt_sleep_ms(30);
	zt_checkpoint();

	CHECK(ticks_of(expired) == 1, "the expired timer has lost its tick");
	CHECK(timerfd_gettime(far, &left) == 0 && left.it_interval.tv_sec == 7, "interval");
	CHECK(left.it_value.tv_sec > 900 && left.it_value.tv_sec < 1000, "far: %lld s left",
	      (long long)left.it_value.tv_sec);
	CHECK(timerfd_gettime(absolute, &left) == 0 && left.it_value.tv_sec > 1900 &&
		      left.it_value.tv_sec < 2000,
	      "absolute: %lld s left", (long long)left.it_value.tv_sec);
	CHECK(timerfd_gettime(real, &left) == 0 && left.it_value.tv_sec > 2900 &&
		      left.it_value.tv_sec < 3000,
	      "real: %lld s left", (long long)left.it_value.tv_sec);
	CHECK(left.it_interval.tv_nsec == 500000000, "real: interval");
	CHECK(timerfd_gettime(boot, &left) == 0 && left.it_value.tv_sec > 3900 &&
		      left.it_value.tv_sec < 4000,
	      "boot: %lld s left", (long long)left.it_value.tv_sec);
	CHECK(timerfd_gettime(off, &left) == 0 && !left.it_value.tv_sec && !left.it_value.tv_nsec,
	      "off is armed");
	CHECK(ticks_of(far) == 0 && errno == EAGAIN, "far has fired");
	CHECK(fcntl(far, F_GETFD) == FD_CLOEXEC && fcntl(off, F_GETFD) == 0, "close-on-exec");
	return zt_result();
}
