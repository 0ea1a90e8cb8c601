/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing /proc/thread-self/attr: the file belongs to one thread, and must be opened with the credentials that it is
 * written with (proc_pid_attr_write()), so not before.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <compel/pie.h>
#include "task/label.pie.h"

static long write_label(const struct label_arm *row)
{
	long fd = sys_openat(row->proc, row->file, O_WRONLY | O_CLOEXEC, 0), n;

	if (fd < 0)
		return fd;
	n = sys_write(fd, row->text, row->len);
	sys_close(fd);
	return n < 0 ? n : n == row->len ? 0 : -EIO;
}

long label_arm(const struct label_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = write_label(&rows[i]);
	return err;
}

long label_all_arm(const struct label_all_arm *rows, unsigned int n)
{
	return label_arm(&rows->row, n);
}
