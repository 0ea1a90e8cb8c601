/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/mem.h: the memory of tasks as a family */
#include <stdint.h>
#include "base/compiler.h"

struct arena;
struct dump;
struct restore;
struct model;
struct vma_list;
struct task;

/* --- dump ---------------------------------------------------------------------------------------------------- */
/*
 * From outside, for all tasks and on all CPUs: mappings, their policies, and which pages there are, into dump->vmas. Before
 * anything of ours is mapped in them.
 */
int mem_read(struct dump *d) must_check;
/*
 * With what mem_read() has found and the task has answered: mappings and mm fields into task->mm (mapped files through
 * files_scan_link); refuses what it must.
 */
int mem_scan(struct dump *d, struct task *t) must_check;
/* All pages of all tasks into pages-*.img and pagemap-*.img; the targets are stopped. */
int mem_dump_pages(struct dump *d) must_check;

/* --- restore ------------------------------------------------------------------------------------------------- */
int mem_load(struct model *m, struct task *t, int img_dir) must_check;	/* mm-, pagemap-; checks; page file opened */
/* In the tool, before there are tasks: what it has mapped itself, into r->tool_vmas. */
int mem_note_own(struct restore *r) must_check;
/*
 * Where the task's restorer of this size can live, away from its mappings and from the tool's: as noted before, or, with
 * NULL, as they are in this process now.
 */
int mem_find_hole(struct arena *a, const struct vma_list *noted, const struct task *t, uint64_t size,
		  uint64_t *ret_addr) must_check;
/* In a task, before it forks: memory that its children share with it is made and filled now, at a temporary place. */
int mem_make_shared(struct restore *r, const struct task *t) must_check;
/* In a task, last: late rows for the restorer, userfaultfd, descriptors of mapped files (files_open). */
int mem_make(struct restore *r, const struct task *t) must_check;
/* In the tool, after STEP_MAPPED: contents of all tasks, on all CPUs. */
int mem_fill(struct restore *r) must_check;
