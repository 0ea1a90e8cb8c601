/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/personality.pie.h: the execution domain of a thread */
#include <stdint.h>

struct personality_inside_thread {
	int64_t persona;
};
void personality_scan_inside_thread(struct personality_inside_thread *ret);

struct personality_arm {
	uint32_t persona;
};
long personality_arm(const struct personality_arm *rows, unsigned int n);
