/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each mapping is made where it belongs, or moved there if it was made and filled before the fork. */
#include <linux/mman.h>
#include <compel/pie.h>
#include "mem/vma.pie.h"

long vma_arm(const struct vma_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct vma_arm *a = &rows[i];
		long at;

		if (a->from)
			at = sys_mremap(a->from, a->len, a->len, MREMAP_MAYMOVE | MREMAP_FIXED, a->start);
		else
			at = sys_mmap(a->start, a->len, a->prot, a->flags, a->fd, a->off);
		if (at < 0)
			return at;
	}
	return 0;
}
