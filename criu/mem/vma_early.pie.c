/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory policy and huge pages decide where pages come from, so they are set while there are none. */
#include <compel/pie.h>
#include "mem/vma_early.pie.h"
#include "mem/vma_final.pie.h"

long vma_early_arm(const struct vma_early_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = vma_op_apply(&rows[i].op);
	return err;
}
