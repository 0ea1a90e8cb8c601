/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/premap.h: memory that is made before the fork, so that children share it */
#include <stdbool.h>
#include "base/arena.h"
#include "base/vec.h"
#include "image/records.h"

struct model;
struct restore;
struct task;

/* Part of a mapping (start to end are its final addresses), made and filled at another place or its own. */
struct premap_area {
	uint64_t start, end, at;
	const VmaEntry *vma;
};

struct premap {
	VEC(struct premap_area) areas;	/* ascending */
	const bool *wanted;		/* premap_wanted() of the task */
};

/*
 * Which mappings of t (by index in t->mm) are made early: those that share pages with the parent's or a child's. Pure,
 * so that the tool and the task agree on what is filled from outside.
 */
bool *premap_wanted(struct arena *a, const struct model *m, const struct task *t);
/* In the task: what it keeps of its parent's areas, and its own. Once; a second call does nothing. */
int premap_make(struct restore *r, const struct task *t) must_check;
