/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MEMBARRIER_CMD_GET_REGISTRATIONS. */
#include <compel/pie.h>
#include "task/membarrier.pie.h"

enum { CMD_GET_REGISTRATIONS = 1 << 9 };	/* younger than the headers that we build with */

void membarrier_scan_inside(struct membarrier_inside *ret)
{
	ret->registered = sys_membarrier(CMD_GET_REGISTRATIONS, 0, 0);
}
