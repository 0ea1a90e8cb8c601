/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No file shows MCL_FUTURE, but a new mapping does: msync(MS_INVALIDATE) answers EBUSY where VM_LOCKED is set, and a page
 * that is there without having been touched says that MCL_ONFAULT is not.
 */
#include <asm/errno.h>
#include <linux/mman.h>
#include <compel/pie.h>
#include "task/mlockall.pie.h"

enum { PAGE_BYTES = 4096 };

void mlockall_scan_inside(struct mlockall_inside *ret)
{
	long page = sys_mmap(0, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char is_there = 0;

	if (page == -EAGAIN) {	/* do_mmap: it would be locked, and RLIMIT_MEMLOCK is used up */
		ret->flags = MCL_FUTURE;
		return;
	}
	if (page < 0 && page > -PAGE_BYTES) {
		ret->err = page;
		return;
	}
	if (pie_syscall6(__NR_msync, page, PAGE_BYTES, MS_INVALIDATE, 0, 0, 0) == -EBUSY) {
		ret->err = pie_syscall6(__NR_mincore, page, PAGE_BYTES, (long)&is_there, 0, 0, 0);
		ret->flags = is_there & 1 ? MCL_FUTURE : MCL_FUTURE | MCL_ONFAULT;
	}
	sys_munmap(page, PAGE_BYTES);
}

long mlockall_arm(const struct mlockall_arm *rows, unsigned int n)
{
	return n ? sys_mlockall(rows[0].flags) : 0;
}
