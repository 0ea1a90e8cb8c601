/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PR_SET_NAME: a name can be set by the thread itself only. */
#include <linux/prctl.h>
#include <compel/pie.h>
#include "task/comm.pie.h"

long comm_arm(const struct comm_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_prctl(PR_SET_NAME, (unsigned long)rows[i].name, 0, 0, 0);
	return err;
}
