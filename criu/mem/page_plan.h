/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/page_plan.h: which pages of which task are to be stored */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "base/vec.h"

struct dump;
struct task;
struct vma_list;

struct page_seg {
	uint64_t start, n_pages;
	struct task *cow;		/* stored there, at the same address */
	bool keep_zeros;		/* a page of zeros differs from what would be there without it */
	bool can_be_lazy;		/* for the flag of the plain format */
};

struct page_plan {
	VEC(struct page_seg) segs;	/* ascending, none crosses the border of a mapping */
};

/* From the mappings and the pages that were found. The plain format has no pages in droppable mappings. */
void page_plan_make(struct arena *a, const struct vma_list *l, bool is_plain, struct page_plan *ret);
/*
 * For the plans of all tasks (by task->index): pages that a task shares with an earlier one at the same address are
 * marked so. Without CAP_SYS_ADMIN nobody can tell, and nothing is marked.
 */
int page_plan_share(struct dump *d, struct page_plan *plans) must_check;
