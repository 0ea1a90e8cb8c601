/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/mlockall.pie.h: whether new mappings are locked (MCL_FUTURE) */
#include <stdint.h>

struct mlockall_inside {
	int32_t flags;			/* MCL_FUTURE, MCL_ONFAULT */
	int32_t err;
};
void mlockall_scan_inside(struct mlockall_inside *ret);

struct mlockall_arm {
	int32_t flags;
};
long mlockall_arm(const struct mlockall_arm *rows, unsigned int n);
