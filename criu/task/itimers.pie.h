/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/itimers.pie.h: interval timers, known to the process only */
#include <stdint.h>

enum { ITIMERS = 3 };			/* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

/* struct itimerval */
struct itimers_raw {
	int64_t isec, iusec, vsec, vusec;
};

struct itimers_inside {
	struct itimers_raw of[ITIMERS];
	int64_t err;
};
void itimers_scan_inside(struct itimers_inside *ret);

struct itimers_arm {
	struct itimers_raw val;
	int64_t which;
};
long itimers_arm(const struct itimers_arm *rows, unsigned int n);
