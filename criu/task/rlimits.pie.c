/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prlimit64(2) on oneself. */
#include <compel/pie.h>
#include "task/rlimits.pie.h"

void rlimits_scan_inside(struct rlimits_inside *ret)
{
	for (int i = 0; i < RLIMITS; i++) {
		long err = sys_prlimit64(0, i, NULL, &ret->of[i]);

		if (err)
			ret->err = err;
	}
}

long rlimits_arm(const struct rlimits_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_prlimit64(0, rows[i].resource, &rows[i].val, NULL);
	return err;
}
