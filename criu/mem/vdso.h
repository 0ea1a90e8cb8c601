/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vdso.h: the kernel's code in a process, when it is not this kernel's */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

struct vma_list;

/*
 * Where a restored process keeps the vDSO of another kernel (its functions jump to the real one, which lives
 * elsewhere), this struct lies over the ELF header of the real one.
 */
struct vdso_mark {
	uint64_t signature;
	uint64_t vdso_addr;		/* of the vDSO that the program knows */
	uint64_t version;
	uint64_t vvar_addr;		/* of the vvar pages that it knows */
	uint64_t rt_vvar_addr;		/* of the real ones */
};
#define VDSO_MARK_SIGNATURE 0x4f53447655495243ULL	/* "CRIUvDSO" */
enum { VDSO_MARK_VERSION = 3 };

/* Dump: looks for a mark; with one, the real vDSO is left out and the old one takes its place. */
int vdso_scan(pid_t pid_real, struct vma_list *l) must_check;

/* A function that both vDSOs have. */
struct vdso_jump {
	uint32_t from, to;		/* offsets of the function in the old and in the running vDSO */
};
/*
 * Pairs the functions of two vDSO images. Returns how many, at most room; -EINVAL with *ret_why for text that is
 * not the ELF of a vDSO, or a function too short for a jump. A question: reports nothing.
 */
int vdso_pair(const void *old, size_t old_len, const void *running, size_t running_len, struct vdso_jump *ret,
	      size_t room, const char **ret_why) must_check;
