/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything between what is kept is unmapped, whatever it is. */
#include <compel/pie.h>
#include "mem/unmap.pie.h"

long unmap_arm(const struct unmap_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = sys_munmap(rows[i].start, rows[i].len);
	return err;
}
