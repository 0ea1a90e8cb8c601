/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For memory that is not worth a userfaultfd: read from the pages file into place, many ranges a call. */
#include <asm/errno.h>
#include <linux/uio.h>
#include <compel/pie.h>
#include "mem/fill.pie.h"

enum { FILL_IOVS = 64 };

/* One after another in the file: one preadv. Returns how many rows it took. */
static unsigned int gather(const struct fill_arm *rows, unsigned int n, struct iovec *iov, uint64_t *ret_len)
{
	unsigned int i;

	*ret_len = 0;
	for (i = 0; i < n && i < FILL_IOVS; i++) {
		if (rows[i].fd != rows[0].fd || rows[i].off != rows[0].off + *ret_len)
			break;
		iov[i].iov_base = (void *)rows[i].addr;
		iov[i].iov_len = rows[i].len;
		*ret_len += rows[i].len;
	}
	return i;
}

/* A transfer may stop early (2 GiB at most, or a page that is not there): the rest is read one range at a time. */
static long read_rest(const struct fill_arm *rows, unsigned int n, uint64_t done)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t from = done < rows[i].len ? done : rows[i].len;

		done -= from;
		while (from < rows[i].len) {
			long got = sys_pread64(rows[i].fd, (void *)(rows[i].addr + from), rows[i].len - from,
					       rows[i].off + from);

			if (got <= 0)
				return got ? got : -ENODATA;
			from += got;
		}
	}
	return 0;
}

long fill_arm(const struct fill_arm *rows, unsigned int n)
{
	struct iovec iov[FILL_IOVS];

	for (unsigned int i = 0; i < n;) {
		uint64_t len;
		unsigned int k = gather(rows + i, n - i, iov, &len);
		long got = sys_preadv(rows[i].fd, iov, k, rows[i].off);

		if (got < 0)
			return got;
		if ((uint64_t)got < len) {
			long err = read_rest(rows + i, k, got);

			if (err)
				return err;
		}
		i += k;
	}
	return 0;
}
