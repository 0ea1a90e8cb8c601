/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/speculation.pie.h: PR_GET_SPECULATION_CTRL of a thread */
#include <stdint.h>

enum { SPECULATIONS = 3 };		/* PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_L1D_FLUSH */

struct speculation_inside_thread {
	int32_t of[SPECULATIONS];	/* PR_SPEC_* bits, or an errno */
};
void speculation_scan_inside_thread(struct speculation_inside_thread *ret);
