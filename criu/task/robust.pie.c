/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set_robust_list(2). */
#include <compel/pie.h>
#include "task/robust.pie.h"

long robust_arm(const struct robust_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_set_robust_list((void *)rows[i].head, rows[i].len);
	return err;
}
