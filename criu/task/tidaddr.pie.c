/* SPDX-License-Identifier: GPL-2.0-or-later */
/* set_tid_address(2), and the prctl that tells it. */
#include <linux/prctl.h>
#include <compel/pie.h>
#include "task/tidaddr.pie.h"

void tidaddr_scan_inside_thread(struct tidaddr_inside_thread *ret)
{
	ret->addr = 0;
	ret->err = sys_prctl(PR_GET_TID_ADDRESS, (unsigned long)&ret->addr, 0, 0, 0);
}

long tidaddr_arm(const struct tidaddr_arm *rows, unsigned int n)
{
	/* It returns the thread's id and cannot fail. */
	for (unsigned int i = 0; i < n; i++)
		sys_set_tid_address((int *)rows[i].addr);
	return 0;
}
