/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp(2), in a thread whose filters the tracer has suspended. */
#include <linux/errno.h>
#include <linux/seccomp.h>
#include <compel/pie.h>
#include "task/seccomp.pie.h"

/* struct sock_fprog of linux/filter.h. */
struct program {
	uint16_t len;
	const void *insns;
};

long seccomp_arm(const struct seccomp_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i += 1 + rows[i].len) {
		struct program prog = { rows[i].len, &rows[i + 1] };

		if (rows[i].op == SECCOMP_ROW_STRICT)
			err = sys_seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL);
		else
			err = sys_seccomp(SECCOMP_SET_MODE_FILTER, rows[i].flags, &prog);
	}
	/* With SECCOMP_FILTER_FLAG_TSYNC: the id of a thread that cannot follow. */
	return err > 0 ? -ESRCH : err;
}

long seccomp_shared_arm(const struct seccomp_shared_arm *rows, unsigned int n)
{
	return seccomp_arm(&rows->row, n);
}
