/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sigaltstack(2); the code runs on a stack of its own, so SS_ONSTACK is never shown and never in the way. */
#include <compel/pie.h>
#include "task/sigaltstack.pie.h"

void sigaltstack_scan_inside_thread(struct sigaltstack_inside_thread *ret)
{
	ret->err = sys_sigaltstack(NULL, &ret->stack);
}

long sigaltstack_arm(const struct sigaltstack_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_sigaltstack(&rows[i].stack, NULL);
	return err;
}
