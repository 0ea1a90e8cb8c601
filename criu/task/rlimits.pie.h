/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/rlimits.pie.h: resource limits; asking for others' needs CAP_SYS_RESOURCE */
#include <stdint.h>

enum { RLIMITS = 16 };

struct rlimits_raw {
	uint64_t cur, max;
};

struct rlimits_inside {
	struct rlimits_raw of[RLIMITS];
	int64_t err;
};
void rlimits_scan_inside(struct rlimits_inside *ret);

struct rlimits_arm {
	struct rlimits_raw val;
	int64_t resource;
};
long rlimits_arm(const struct rlimits_arm *rows, unsigned int n);
