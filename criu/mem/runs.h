/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/runs.h: looking at the page runs of a loaded task */
#include "base/compiler.h"
#include "model/model.h"

static inline uint64_t run_end(const struct page_run *r)
{
	return r->start + r->n_pages * PAGE_SIZE;
}

/* The record of pages that lie one behind another; e is initialised. */
static inline void run_record(PagemapEntry *e, uint64_t start, uint64_t n_pages, uint32_t flags)
{
	e->vaddr = start;
	e->has_nr_pages = e->has_flags = true;
	e->nr_pages = n_pages;
	/* Readers from before the 64-bit field, such as CRIU 4.1, know this one only. */
	e->compat_nr_pages = n_pages <= UINT32_MAX ? n_pages : 0;
	e->flags = flags;
}

/* The task whose pages file has the contents, at r->offset. */
static inline const struct task *run_owner(const struct task *t, const struct page_run *r)
{
	return r->cow ? r->cow : t;
}

/* Index of the first run that ends behind addr; runs.n if there is none. */
static inline size_t run_find(const struct pagemap *p, uint64_t addr)
{
	size_t low = 0, high = p->runs.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (run_end(&p->runs.v[mid]) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static inline const uint8_t *run_contents(const struct task *t, const struct page_run *r, uint64_t addr)
{
	return run_owner(t, r)->pages.map + r->offset + (addr - r->start);
}

/* The pages files, one of them open at a time: runs of the same owner mostly follow one another. */
struct runs_reader {
	int dir, fd;
	uint32_t id;			/* of the open file */
	char name[64];
};

#define RUNS_READER(img_dir) { .dir = (img_dir), .fd = -1 }

/* What t has between start and end goes to the memory at `to`, which is the place of start; the gaps stay as they are. */
int runs_read(struct runs_reader *rd, const struct task *t, uint64_t start, uint64_t end, void *to) must_check;
void runs_reader_close(struct runs_reader *rd);
