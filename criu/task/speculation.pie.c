/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PR_GET_SPECULATION_CTRL; it is set again by a row of prctl. */
#include <linux/prctl.h>
#include <compel/pie.h>
#include "task/speculation.pie.h"

void speculation_scan_inside_thread(struct speculation_inside_thread *ret)
{
	for (int i = 0; i < SPECULATIONS; i++)
		ret->of[i] = sys_prctl(PR_GET_SPECULATION_CTRL, i, 0, 0, 0);
}
