/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory policy of a thread; that of mappings is in vma_early.pie.c. */
#include <compel/pie.h>
#include "mem/mempolicy.pie.h"

void mempolicy_scan_inside_thread(struct mempolicy_inside_thread *ret)
{
	int mode = 0;

	/* The kernel refuses a mask shorter than its own number of nodes. */
	ret->err = pie_syscall6(__NR_get_mempolicy, (long)&mode, (long)ret->nodes, sizeof(ret->nodes) * 8, 0, 0, 0);
	ret->mode = mode;
	ret->pad = 0;
}

long mempolicy_arm(const struct mempolicy_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		/* The kernel reads one bit less than it is told. */
		long err = sys_set_mempolicy(rows[i].mode, rows[i].nodes ? &rows[i].nodes : NULL,
					     rows[i].nodes ? 65 : 0);

		if (err)
			return err;
	}
	return 0;
}
