/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vma.pie.h: the program's mappings, at their places */
#include <stdint.h>

struct vma_arm {
	uint64_t start, len, off;
	uint64_t from;			/* not 0: made before at this address, to be moved */
	uint32_t prot, flags;		/* of mmap(2) */
	int32_t fd;
	uint32_t pad;
};
long vma_arm(const struct vma_arm *rows, unsigned int n);
