/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rt_sigaction(2), with the restorer address that libc hides. */
#include <asm/signal.h>
#include <compel/pie.h>
#include "task/sigact.pie.h"

enum { SET_BYTES = 8 };

void sigact_scan_inside(struct sigact_inside *ret)
{
	for (int signo = 1; signo <= SIGACT_LAST; signo++) {
		long err;

		if (signo == SIGKILL || signo == SIGSTOP)
			continue;
		err = sys_rt_sigaction(signo, NULL, &ret->of[signo - 1], SET_BYTES);
		if (err && !ret->err)
			ret->err = err;
	}
}

long sigact_arm(const struct sigact_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_rt_sigaction(rows[i].signo, &rows[i].act, NULL, SET_BYTES);
	return err;
}
