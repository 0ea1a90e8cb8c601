/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/jobstop.pie.h: stopped children, as their parent sees them */
#include <stdint.h>

/* A question and its answer. */
struct jobstop_ask {
	int32_t pid;
	int32_t is_waiting;		/* the stop has not been told to the parent yet */
	int64_t err;
};

struct jobstop_inside {
	uint32_t off, n;		/* struct jobstop_ask[n], this far behind the start of struct inside_task */
};
void jobstop_scan_inside(struct jobstop_inside *ret);
