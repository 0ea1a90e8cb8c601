/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/robust.pie.h: the list of futexes that a dying thread gives up */
#include <stdint.h>

struct robust_arm {
	uint64_t head, len;
};
long robust_arm(const struct robust_arm *rows, unsigned int n);
