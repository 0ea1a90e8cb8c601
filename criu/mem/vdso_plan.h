/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vdso_plan.h: what becomes of the vDSO when a task is restored */
#include <stdbool.h>
#include "mem/vdso.h"
#include "mem/vdso.pie.h"
#include "vdso_jump.pie.h"
#include "mem/vmas.h"

struct restore;
struct task;

enum { VDSO_MOVES_MAX = 16, VDSO_JUMPS_MAX = 64 };

struct vdso_plan {
	bool is_same;			/* the running one takes the place; the image's pages are not needed */
	struct vdso_arm moves[VDSO_MOVES_MAX];
	unsigned int n_moves;
	struct vdso_jump_arm jumps[VDSO_JUMPS_MAX];
	unsigned int n_jumps;
	struct vma *kept[8];		/* mappings of this process that go along */
	unsigned int n_kept;
};

/* own: the mappings of this process. Where the vDSO stays a stranger, the running one gets its mark here. */
int vdso_plan_make(struct restore *r, const struct task *t, struct vma_list *own, struct vdso_plan *ret) must_check;
