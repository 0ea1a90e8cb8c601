/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/sigaltstack.pie.h: the alternate signal stack, known to the thread only */
#include <stdint.h>

/* stack_t of the kernel. */
struct sigaltstack_raw {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};

struct sigaltstack_inside_thread {
	struct sigaltstack_raw stack;
	int64_t err;
};
void sigaltstack_scan_inside_thread(struct sigaltstack_inside_thread *ret);

struct sigaltstack_arm {
	struct sigaltstack_raw stack;
};
long sigaltstack_arm(const struct sigaltstack_arm *rows, unsigned int n);
