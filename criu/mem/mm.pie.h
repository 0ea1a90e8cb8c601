/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/mm.pie.h: the fields of the address space itself */
#include <stdint.h>

struct mm_inside {
	uint64_t brk;
	uint32_t pkeys;			/* allocated protection keys, one bit each; 0: the CPU has none */
	uint32_t pad;
};
void mm_scan_inside(struct mm_inside *ret);

enum { MM_AUXV_MAX = 64 };

struct mm_arm {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t auxv[MM_AUXV_MAX];
	uint32_t n_auxv;		/* words */
	int32_t exe_fd;			/* -1: as it is */
};
long mm_arm(const struct mm_arm *rows, unsigned int n);
