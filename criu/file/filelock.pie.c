/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process loses its POSIX locks of a file with any descriptor of it that it closes: none is closed from here on. */
#include <linux/fcntl.h>
#include <compel/pie.h>
#include "file/filelock.pie.h"

long filelock_arm(const struct filelock_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct flock lock = { .l_type = rows[i].type, .l_start = rows[i].start, .l_len = rows[i].len };
		long err = sys_fcntl(rows[i].fd, F_SETLK, (unsigned long)&lock);

		if (err < 0)
			return err;
	}
	return 0;
}
