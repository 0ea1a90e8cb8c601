/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getitimer(2), setitimer(2). */
#include <compel/pie.h>
#include "task/itimers.pie.h"

void itimers_scan_inside(struct itimers_inside *ret)
{
	for (int which = 0; which < ITIMERS; which++) {
		long err = sys_getitimer(which, &ret->of[which]);

		if (err)
			ret->err = err;
	}
}

long itimers_arm(const struct itimers_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_setitimer(rows[i].which, &rows[i].val, NULL);
	return err;
}
