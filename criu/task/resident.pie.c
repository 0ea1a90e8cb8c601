/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mincore(2): which pages of shared memory exist, whoever has them in his page table. */
#include <compel/pie.h>
#include "pie/inside.h"

void resident_scan_inside(struct resident_inside *ret)
{
	char *start = (char *)ret - offsetof(struct inside_task, resident);
	struct resident_ask *a = (void *)(start + ret->off);

	for (uint32_t i = 0; i < ret->n; i++)
		a[i].err = pie_syscall6(__NR_mincore, a[i].start, a[i].len, (long)(start + a[i].off), 0, 0, 0);
}
