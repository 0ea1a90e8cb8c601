/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/hole.h: free places in an address space */
#include <stdint.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "mem/vmas.h"

struct model;
struct task;

/* Where to begin the search: things that are only passing through stay out of each other's way. */
#define HOLE_RESTORER	0x10000000ULL
#define HOLE_PREMAP	0x600000000000ULL
#define HOLE_VDSO	0x7e0000000000ULL

struct taken {
	VEC(struct page_range) v;	/* in any order */
};

/* What this process has mapped now. */
int own_vmas(struct arena *a, struct vma_list *ret) must_check;
void taken_add_vmas(struct arena *a, struct taken *k, const struct vma_list *l);
void taken_add_task(struct arena *a, struct taken *k, const struct task *t);
/* The first place from low on with room for size bytes and a margin. -ENOMEM: there is none. */
int hole_find(struct taken *k, uint64_t low, uint64_t size, uint64_t *ret_addr) must_check;
