/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rseq(2): the thread has none, its libc is not there yet. */
#include <compel/pie.h>
#include "task/rseq.pie.h"

long rseq_arm(const struct rseq_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_rseq((void *)rows[i].area, rows[i].size, 0, rows[i].signature);
	return err;
}
