/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/mempolicy.pie.h: set_mempolicy(2) of a thread */
#include <stdint.h>

enum { MEMPOLICY_WORDS = 16 };		/* the kernel refuses a mask shorter than its own number of nodes: 1024 at most */

struct mempolicy_inside_thread {
	int64_t err;			/* raw result of get_mempolicy; the rest counts only if it is 0 */
	uint64_t nodes[MEMPOLICY_WORDS];
	uint32_t mode;			/* MPOL_* with MPOL_F_STATIC_NODES and the like */
	uint32_t pad;
};
void mempolicy_scan_inside_thread(struct mempolicy_inside_thread *ret);

struct mempolicy_arm {
	uint64_t nodes;
	uint32_t mode;
	uint32_t pad;
};
long mempolicy_arm(const struct mempolicy_arm *rows, unsigned int n);
