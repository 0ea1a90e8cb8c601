/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vvar and vDSO are moved, never copied: only the kernel can make such pages. */
#include <linux/mman.h>
#include <compel/pie.h>
#include "mem/vdso.pie.h"

long vdso_arm(const struct vdso_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		long at = sys_mremap(rows[i].from, rows[i].len, rows[i].len, MREMAP_MAYMOVE | MREMAP_FIXED,
				     rows[i].to);

		if (at < 0)
			return at;
	}
	return 0;
}
