/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/unmap.pie.h: the tool's own mappings go */
#include <stdint.h>

struct unmap_arm {
	uint64_t start, len;
};
long unmap_arm(const struct unmap_arm *rows, unsigned int n);
