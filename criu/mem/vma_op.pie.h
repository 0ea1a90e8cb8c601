/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vma_op.pie.h: one thing to do to a mapping */
#include <stdint.h>

enum vma_op_id {
	VMA_OP_PROTECT,			/* arg: PROT_*, key: protection key or 0 */
	VMA_OP_ADVISE,			/* arg: MADV_*, key: 1 if a kernel without it is fine */
	VMA_OP_LOCK,			/* arg: flags of mlock2; key: 1 if guards keep some pages from being populated */
	VMA_OP_BIND,			/* arg: nodes, key: mode */
	VMA_OP_SEAL,
	VMA_OP_PKEYS,			/* arg: protection keys to allocate */
};

struct vma_op {
	uint32_t op, key;
	uint64_t start, len, arg;
};
