/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PR_GET_DUMPABLE, PR_SET_DUMPABLE. */
#include <linux/prctl.h>
#include <compel/pie.h>
#include "task/dumpable.pie.h"

void dumpable_scan_inside(struct dumpable_inside *ret)
{
	ret->value = sys_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

long dumpable_arm(const struct dumpable_arm *rows, unsigned int n)
{
	return n ? sys_prctl(PR_SET_DUMPABLE, rows[0].value, 0, 0, 0) : 0;
}
