/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/fill_plan.h: who fills which memory: the tool, or the task itself */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct task;

struct fill_how {
	uint64_t n_pages;		/* that the images have */
	uint64_t piece_end;		/* of the piece that it is made in: its own end, or one behind */
	bool is_outside;		/* copied by the tool through a userfaultfd, if the task has one */
	bool is_joined;			/* then made in one piece with neighbours, readable and writable for a while */
};

/* By mapping. Pure, so that the tool and the task agree. is_premapped: of premap_wanted(). */
struct fill_how *fill_plan(struct arena *a, const struct task *t, const bool *is_premapped);
/* Is it worth a userfaultfd? Below, the restorer reads the pages in a few calls. */
bool fill_needs_uffd(const struct task *t, const struct fill_how *how);
