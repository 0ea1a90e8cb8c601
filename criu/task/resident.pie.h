/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/resident.pie.h: mincore(2) of some mappings */
#include <stdint.h>

/* A question and its answer. */
struct resident_ask {
	uint64_t start, len;
	uint32_t off;			/* of a byte for each page, behind the start of struct inside_task */
	int32_t err;
};

struct resident_inside {
	uint32_t off, n;		/* struct resident_ask[n], this far behind the start of struct inside_task */
};
void resident_scan_inside(struct resident_inside *ret);
