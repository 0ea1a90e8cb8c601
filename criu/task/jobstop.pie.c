/* SPDX-License-Identifier: GPL-2.0-or-later */
/* waitid(2) that takes nothing away. */
#include <linux/wait.h>
#include <compel/pie.h>
#include "pie/inside.h"

static long look(int pid, int32_t *ret_signo)
{
	int32_t info[32] = { 0 };	/* siginfo_t; the first word is 0 when there is nothing to tell */
	long err = pie_syscall6(__NR_waitid, P_PID, pid, (long)info, WSTOPPED | WNOHANG | WNOWAIT, 0, 0);

	*ret_signo = info[0];
	return err;
}

void jobstop_scan_inside(struct jobstop_inside *ret)
{
	char *start = (char *)ret - offsetof(struct inside_task, jobstop);
	struct jobstop_ask *a = (void *)(start + ret->off);

	for (uint32_t i = 0; i < ret->n; i++)
		a[i].err = look(a[i].pid, &a[i].is_waiting);
}
