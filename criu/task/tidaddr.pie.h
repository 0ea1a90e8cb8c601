/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/tidaddr.pie.h: the word that the kernel clears when a thread ends */
#include <stdint.h>

struct tidaddr_inside_thread {
	int64_t err;
	uint64_t addr;
};
void tidaddr_scan_inside_thread(struct tidaddr_inside_thread *ret);

struct tidaddr_arm {
	uint64_t addr;
};
long tidaddr_arm(const struct tidaddr_arm *rows, unsigned int n);
