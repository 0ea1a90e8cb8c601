/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PR_SET_VMA_ANON_NAME (5.17). */
#include <asm/errno.h>
#include <linux/prctl.h>
#include <compel/pie.h>
#include "mem/vma_name.pie.h"

long vma_name_arm(const struct vma_name_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		long err = sys_prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, rows[i].start, rows[i].len,
				     (unsigned long)rows[i].name);

		/* A kernel without the feature shows no names, so the program loses nothing that it could see. */
		if (err && err != -EINVAL)
			return err;
	}
	return 0;
}
