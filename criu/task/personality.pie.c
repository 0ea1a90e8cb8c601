/* SPDX-License-Identifier: GPL-2.0-or-later */
/* personality(2). */
#include <compel/pie.h>
#include "task/personality.pie.h"

enum { ONLY_ASK = -1 };

void personality_scan_inside_thread(struct personality_inside_thread *ret)
{
	ret->persona = sys_personality((unsigned int)ONLY_ASK);
}

/* The answer to a change is the old value, so there is no error to see but a refused system call. */
long personality_arm(const struct personality_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		sys_personality(rows[i].persona);
		if ((uint32_t)sys_personality((unsigned int)ONLY_ASK) != rows[i].persona)
			return -1;
	}
	return 0;
}
