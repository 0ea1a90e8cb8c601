/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/posix_timers.pie.h: POSIX timers: what /proc/PID/timers does not show */
#include <stdint.h>

/* struct itimerspec */
struct posix_timers_raw {
	int64_t isec, insec, vsec, vnsec;
};

/* A question and its answer. */
struct posix_timers_ask {
	int32_t id;
	int32_t overrun;		/* or an errno */
	struct posix_timers_raw val;
	int64_t err;			/* of timer_gettime */
};

struct posix_timers_inside {
	uint32_t off, n;		/* struct posix_timers_ask[n], this far behind the start of struct inside_task */
};
void posix_timers_scan_inside(struct posix_timers_inside *ret);

struct posix_timers_arm {
	int32_t id, clock, signo, notify, tid, pad;
	uint64_t value;
	struct posix_timers_raw val;
};
long posix_timers_arm(const struct posix_timers_arm *rows, unsigned int n);
