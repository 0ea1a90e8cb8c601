/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads exist only now: signals of a file can be directed to one. */
#include <linux/fcntl.h>
#include <compel/pie.h>
#include "file/fown.pie.h"

long fown_arm(const struct fown_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct f_owner_ex owner = { .type = rows[i].type, .pid = rows[i].pid };
		long err = sys_fcntl(rows[i].fd, F_SETOWN_EX, (unsigned long)&owner);

		if (err < 0)
			return err;
	}
	return 0;
}
