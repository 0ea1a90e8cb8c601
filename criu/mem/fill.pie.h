/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/fill.pie.h: pages read from the image by the task itself */
#include <stdint.h>

struct fill_arm {
	uint64_t addr, len, off;	/* off: in the pages file */
	int32_t fd;
	uint32_t pad;
};
long fill_arm(const struct fill_arm *rows, unsigned int n);
