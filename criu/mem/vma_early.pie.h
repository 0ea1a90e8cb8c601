/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vma_early.pie.h: what must be true of a mapping before it has pages */
#include "mem/vma_op.pie.h"

struct vma_early_arm {
	struct vma_op op;
};
long vma_early_arm(const struct vma_early_arm *rows, unsigned int n);
