/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/rseq.pie.h: registration of a restartable sequences area */
#include <stdint.h>

struct rseq_arm {
	uint64_t area;
	uint32_t size, signature;
};
long rseq_arm(const struct rseq_arm *rows, unsigned int n);
