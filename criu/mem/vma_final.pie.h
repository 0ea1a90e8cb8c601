/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vma_final.pie.h: what is done to mappings when their pages are there */
#include "mem/vma_op.pie.h"

struct vma_final_arm {
	struct vma_op op;
};
long vma_final_arm(const struct vma_final_arm *rows, unsigned int n);
long vma_op_apply(const struct vma_op *o);
