/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/timerfd.pie.h: timers are armed last, so that no time is lost */
#include <stdint.h>

struct timerfd_arm {
	int32_t fd, clockid, flags;
	uint32_t value_nsec, interval_nsec;
	uint64_t ticks, value_sec, interval_sec;	/* value: what remains, also for absolute timers */
};
long timerfd_arm(const struct timerfd_arm *rows, unsigned int n);
