/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/dumpable.pie.h: PR_GET_DUMPABLE */
#include <stdint.h>

struct dumpable_inside {
	int64_t value;
};
void dumpable_scan_inside(struct dumpable_inside *ret);

struct dumpable_arm {
	int64_t value;
};
long dumpable_arm(const struct dumpable_arm *rows, unsigned int n);
