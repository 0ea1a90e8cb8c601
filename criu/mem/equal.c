/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain images store a shared page once for every task; comparing contents finds the sharing again. */
#include <stdlib.h>
#include <string.h>
#include "mem/equal.h"
#include "mem/runs.h"
#include "mem/vmas.h"

bool vma_corresponds(const VmaEntry *parent, const VmaEntry *child)
{
	uint32_t kinds = VMA_ANON_PRIVATE | VMA_FILE_PRIVATE | VMA_VDSO | VMA_VVAR;
	uint32_t flags = VMA_MAP_PRIVATE | VMA_MAP_ANONYMOUS | VMA_MAP_GROWSDOWN | VMA_MAP_NORESERVE;

	return parent->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE) &&
	       (parent->status & kinds) == (child->status & kinds) && !((parent->flags ^ child->flags) & flags) &&
	       parent->shmid == child->shmid &&
	       (parent->status & VMA_ANON_PRIVATE || parent->pgoff - parent->start == child->pgoff - child->start);
}

/* Walks two ascending lists side by side. */
struct cursors {
	size_t run, vma, own_vma;
};

static const struct page_run *parent_run(const struct task *t, const struct page_run *r, uint64_t at, struct cursors *c)
{
	const struct task *p = t->parent;
	const struct page_run *run;

	while (c->run < p->pages.runs.n && run_end(&p->pages.runs.v[c->run]) <= at)
		c->run++;
	while (c->vma < p->mm->n_vmas && p->mm->vmas[c->vma]->end <= at)
		c->vma++;
	while (c->own_vma < t->mm->n_vmas && t->mm->vmas[c->own_vma]->end <= r->start)
		c->own_vma++;
	if (c->run == p->pages.runs.n || c->vma == p->mm->n_vmas || c->own_vma == t->mm->n_vmas)
		return NULL;
	run = &p->pages.runs.v[c->run];
	if (run->start > at || !vma_corresponds(p->mm->vmas[c->vma], t->mm->vmas[c->own_vma]))
		return NULL;
	return run;
}

static void push_page(struct arena *a, struct pagemap *p, const struct page_run *like, uint64_t addr, uint64_t offset,
		      struct task *cow)
{
	struct page_run *last = p->runs.n ? &p->runs.v[p->runs.n - 1] : NULL;
	struct page_run r = *like;

	/* like->start: runs were cut where mappings end, and stay so. */
	if (last && last->cow == cow && last->start >= like->start && run_end(last) == addr &&
	    last->offset + last->n_pages * PAGE_SIZE == offset) {
		last->n_pages++;
		return;
	}
	r.start = addr;
	r.n_pages = 1;
	r.offset = offset;
	r.cow = cow;
	r.flags = cow ? PE_COW : like->flags;
	vec_push(a, &p->runs, r);
}

void equal_find(struct model *m, struct task *t)
{
	struct pagemap split = t->pages;
	struct cursors c = { 0 };

	if (!t->parent || !t->parent->mm)
		return;
	memset(&split.runs, 0, sizeof(split.runs));
	for (size_t i = 0; i < t->pages.runs.n; i++) {
		const struct page_run *r = &t->pages.runs.v[i];

		for (uint64_t at = r->start; at < run_end(r); at += PAGE_SIZE) {
			const struct page_run *p = parent_run(t, r, at, &c);
			const uint8_t *own = run_contents(t, r, at), *theirs = p ? run_contents(t->parent, p, at) : NULL;

			split.n_compared += p != NULL;
			if (p && !memcmp(own, theirs, PAGE_SIZE)) {
				split.n_equal++;
				push_page(&m->arena, &split, r, at, p->offset + (at - p->start),
					  p->cow ? p->cow : t->parent);
			} else {
				push_page(&m->arena, &split, r, at, r->offset + (at - r->start), r->cow);
			}
		}
	}
	t->pages = split;
}
