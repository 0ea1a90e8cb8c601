/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of the address space: asked from inside where /proc is silent, and set when memory is in place. */
#include <compel/pie.h>
#include <asm/errno.h>
#include <linux/prctl.h>
#include "cpu_pkeys.h"
#include "mem/mm.pie.h"

enum { PKEY_COUNT = 16 };

static long pkey_alloc(void)
{
	return pie_syscall6(__NR_pkey_alloc, 0, 0, 0, 0, 0, 0);
}

/*
 * No call lists the keys that are taken, so take all that are free and give those back. Only where there are keys: the
 * call fails with EINVAL without them, but takes key 0 all the same, and then with ENOSPC.
 */
static uint32_t allocated_pkeys(void)
{
	uint32_t ours = 0;
	long key;

	if (!cpu_has_pkeys())
		return 0;
	while ((key = pkey_alloc()) > 0 && key < PKEY_COUNT)
		ours |= 1U << key;
	/* ENOSPC: the program has all of them. Anything else: the CPU has none. */
	if (!ours && key != -ENOSPC)
		return 0;
	for (key = 1; key < PKEY_COUNT; key++)
		if (ours >> key & 1)
			pie_syscall6(__NR_pkey_free, key, 0, 0, 0, 0, 0);
	return ~ours & ((1U << PKEY_COUNT) - 1);
}

void mm_scan_inside(struct mm_inside *ret)
{
	ret->brk = sys_brk(0);
	ret->pkeys = allocated_pkeys();
	ret->pad = 0;
}

long mm_arm(const struct mm_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct mm_arm *a = &rows[i];
		struct prctl_mm_map map = {
			.start_code = a->start_code, .end_code = a->end_code,
			.start_data = a->start_data, .end_data = a->end_data,
			.start_brk = a->start_brk, .brk = a->brk, .start_stack = a->start_stack,
			.arg_start = a->arg_start, .arg_end = a->arg_end,
			.env_start = a->env_start, .env_end = a->env_end,
			.auxv = (__u64 *)a->auxv, .auxv_size = a->n_auxv * sizeof(a->auxv[0]),
			.exe_fd = a->exe_fd,
		};
		long err = sys_prctl(PR_SET_MM, PR_SET_MM_MAP, (unsigned long)&map, sizeof(map), 0);

		if (err)
			return err;
	}
	return 0;
}
