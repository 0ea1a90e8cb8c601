/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vma_name.pie.h: names of anonymous mappings */
#include <stdint.h>

enum { VMA_NAME_BYTES = 80 };		/* ANON_VMA_NAME_MAX_LEN, the terminator included */

struct vma_name_arm {
	uint64_t start, len;
	char name[VMA_NAME_BYTES];
};
long vma_name_arm(const struct vma_name_arm *rows, unsigned int n);
