/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling is set by the thread itself, while it has the tool's privileges. */
#include <compel/pie.h>
#include "task/sched.pie.h"

enum { IOPRIO_WHO_THREAD = 1 };		/* IOPRIO_WHO_PROCESS: the kernel means a thread */

long sched_arm(const struct sched_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_sched_setattr(0, &rows[i].attr, 0);
	return err;
}

long sched_ioprio_arm(const struct sched_ioprio_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_ioprio_set(IOPRIO_WHO_THREAD, 0, (int)rows[i].ioprio);
	return err;
}

long sched_affinity_arm(const struct sched_affinity_arm *rows, unsigned int n)
{
	return n ? sys_sched_setaffinity(0, n * sizeof(*rows), (const unsigned long *)&rows->word) : 0;
}
