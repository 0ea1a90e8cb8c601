/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PR_GET_THP_DISABLE. */
#include <linux/prctl.h>
#include <compel/pie.h>
#include "task/thp.pie.h"

void thp_scan_inside(struct thp_inside *ret)
{
	ret->value = sys_prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
}
