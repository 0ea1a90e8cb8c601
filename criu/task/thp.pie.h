/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/thp.pie.h: PR_GET_THP_DISABLE */
#include <stdint.h>

struct thp_inside {
	int64_t value;			/* bit 0: disabled; the rest are flags of PR_SET_THP_DISABLE */
};
void thp_scan_inside(struct thp_inside *ret);
