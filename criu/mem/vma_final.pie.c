/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protections, advice, guards, locks and seals: mem/make.c puts the rows in the order that the kernel wants. */
#include <asm/errno.h>
#include <linux/mman.h>
#include <compel/pie.h>
#include "mem/vma_final.pie.h"

enum { NR_MSEAL = 462 };		/* 6.10, the same on every architecture */

static long lock(const struct vma_op *o)
{
	long err = sys_mlock2(o->start, o->len, o->arg);

	/* The mapping is locked before its pages are populated; a guard among them is no failure. */
	return o->key && err == -ENOMEM ? 0 : err;
}

/* Huge and merged pages are the kernel's to offer; where it was built without, nothing is lost that shows. */
static long advise(const struct vma_op *o)
{
	long err = sys_madvise(o->start, o->len, o->arg);

	return o->key && err == -EINVAL ? 0 : err;
}

static long allocate_pkeys(const struct vma_op *o)
{
	uint64_t spare = 0;
	long key;

	/* The kernel gives the lowest free key, so those that are not wanted are held until the end. */
	do {
		key = pie_syscall6(__NR_pkey_alloc, 0, 0, 0, 0, 0, 0);
		if (key < 0)
			return key;
		if (!(o->arg >> key & 1))
			spare |= 1ULL << key;
	} while (o->arg >> key >> 1);
	for (key = 1; key < 64; key++)
		if (spare >> key & 1)
			pie_syscall6(__NR_pkey_free, key, 0, 0, 0, 0, 0);
	return 0;
}

long vma_op_apply(const struct vma_op *o)
{
	switch (o->op) {
	case VMA_OP_PROTECT:
		return o->key ? sys_pkey_mprotect(o->start, o->len, o->arg, o->key) :
				sys_mprotect(o->start, o->len, o->arg);
	case VMA_OP_ADVISE:
		return advise(o);
	case VMA_OP_LOCK:
		return lock(o);
	case VMA_OP_BIND:
		return sys_mbind(o->start, o->len, o->key, o->arg ? &o->arg : NULL, o->arg ? 65 : 0, 0);
	case VMA_OP_SEAL:
		return pie_syscall6(NR_MSEAL, o->start, o->len, 0, 0, 0, 0);
	case VMA_OP_PKEYS:
		return allocate_pkeys(o);
	}
	return -EINVAL;
}

long vma_final_arm(const struct vma_final_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = vma_op_apply(&rows[i].op);
	return err;
}
