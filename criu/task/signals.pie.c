/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rt_sigqueueinfo(2), rt_tgsigqueueinfo(2). All signals are blocked here, so the queues fill up and nothing is delivered.
 */
#include <compel/pie.h>
#include "task/signals.pie.h"

long signals_arm(const struct signals_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_rt_tgsigqueueinfo(rows[i].pid, rows[i].tid, rows[i].signo, rows[i].info);
	return err;
}

long signals_shared_arm(const struct signals_shared_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_rt_sigqueueinfo(rows[i].s.pid, rows[i].s.signo, rows[i].s.info);
	return err;
}
