/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/membarrier.pie.h: what a process registered with membarrier(2) */
#include <stdint.h>

struct membarrier_inside {
	int64_t registered;		/* MEMBARRIER_CMD_REGISTER_* or'ed, or an errno (-EINVAL before Linux 6.3) */
};
void membarrier_scan_inside(struct membarrier_inside *ret);
