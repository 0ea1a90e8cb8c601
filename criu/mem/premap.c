/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that children share with their parent must exist in the parent when they are forked. So mappings with shared
 * pages are made early, at their final place where that is free:
 *
 *	parent, before it forks    [ A A B B . C ]   filled from its pages files
 *	child, after the fork      [ A A . . . C ]   what it has not is dropped, its own pages are read
 *
 * Whatever lies elsewhere is moved by the restorer (vma.pie.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "mem/equal.h"
#include "mem/hole.h"
#include "mem/mem.h"
#include "mem/premap.h"
#include "mem/runs.h"
#include "run/restore.h"
#include "task/birth.h"

static const VmaEntry *vma_at(const struct task *t, uint64_t addr, size_t *ret_i)
{
	size_t low = 0, high = t->mm->n_vmas;

	/* Guards come last and out of order. */
	while (high && t->mm->vmas[high - 1]->status & VMA_GUARD)
		high--;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->mm->vmas[mid]->end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_i = low;
	return low < t->mm->n_vmas && t->mm->vmas[low]->start <= addr && !(t->mm->vmas[low]->status & VMA_GUARD) ?
	       t->mm->vmas[low] : NULL;
}

/* Sharing is told by where the contents are stored: the same place in the same file. */
static bool is_same_place(const struct task *a, const struct page_run *in_a, const struct task *b,
			  const struct page_run *in_b, uint64_t addr)
{
	return run_owner(a, in_a) == run_owner(b, in_b) &&
	       in_a->offset + (addr - in_a->start) == in_b->offset + (addr - in_b->start);
}

/* The next stretch of page i of the child's runs, from *at on, that is the parent's page too; false: no more. */
static bool next_shared(const struct task *parent, const struct task *child, size_t *i, uint64_t *at, uint64_t *ret_end)
{
	for (; *i < child->pages.runs.n; (*i)++) {
		const struct page_run *c = &child->pages.runs.v[*i];

		if (!c->cow)
			continue;
		*at = max(*at, c->start);
		for (size_t k = run_find(&parent->pages, *at); k < parent->pages.runs.n && *at < run_end(c); k++) {
			const struct page_run *p = &parent->pages.runs.v[k];

			*at = max(*at, p->start);
			*ret_end = min(run_end(p), run_end(c));
			if (*at < *ret_end && is_same_place(parent, p, child, c, *at))
				return true;
			*at = max(*at, *ret_end);
		}
	}
	return false;
}

/* Marks the mappings of t (either of the two) that hold pages which parent and child share. */
static void mark_shared(const struct task *parent, const struct task *child, const struct task *t, bool *wanted)
{
	uint64_t at = 0, end;
	size_t i = 0, p, c;

	while (next_shared(parent, child, &i, &at, &end)) {
		const VmaEntry *vp = vma_at(parent, at, &p), *vc = vma_at(child, at, &c);

		if (vp && vc && vp->status & VMA_ANON_PRIVATE && !(vp->status & VMA_VDSO) && vma_corresponds(vp, vc))
			wanted[t == parent ? p : c] = true;
		at = end;
	}
}

bool *premap_wanted(struct arena *a, const struct model *m, const struct task *t)
{
	bool *wanted = arena_array(a, bool, t->mm->n_vmas + 1);

	if (t->parent && t->parent->mm)
		mark_shared(t->parent, t, t, wanted);
	for (size_t i = t->index + 1; i < m->tasks.n; i++)
		if (m->tasks.v[i]->parent == t && m->tasks.v[i]->mm)
			mark_shared(t, m->tasks.v[i], t, wanted);
	return wanted;
}

/* A task making its own, out of what it was forked with. */
struct maker {
	struct restore *r;
	const struct task *t;
	const struct premap *from;	/* its parent's, which it began with; or NULL */
	struct premap *p;
	struct runs_reader pages;
};

static int read_area(struct maker *mk, const struct premap_area *ar)
{
	return runs_read(&mk->pages, mk->t, ar->start, ar->end, (void *)ar->at);
}

/* As read_area, for an area that came from the parent: shared pages stay, others are dropped before they are read. */
static int adopt_pages(struct maker *mk, const struct premap_area *ar)
{
	const struct task *t = mk->t;
	size_t i = run_find(&t->pages, ar->start);
	uint64_t done = ar->start, at = ar->start, end;

	while (done < ar->end) {
		struct premap_area own = *ar;
		bool more = next_shared(t->parent, t, &i, &at, &end) && at < ar->end;

		own.start = done;
		own.at = ar->at + (done - ar->start);
		own.end = more ? at : ar->end;
		if (own.end > own.start) {
			int err;

			if (madvise((void *)own.at, own.end - own.start, MADV_DONTNEED) < 0)
				return fail_errno("drop memory at %" PRIx64, own.at);
			err = read_area(mk, &own);
			if (err)
				return err;
		}
		done = more ? min(end, ar->end) : ar->end;
		at = done;
	}
	return 0;
}

/* A place for part of a mapping: its own, or a free one. */
static int map_area(struct restore *r, struct premap_area *ar)
{
	int flags = MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
		    (ar->vma->flags & (VMA_MAP_PRIVATE | VMA_MAP_NORESERVE | VMA_MAP_GROWSDOWN));
	size_t len = ar->end - ar->start;
	struct arena a = { 0 };
	struct vma_list own = { 0 };
	struct taken k = { 0 };
	int err;

	ar->at = ar->start;
	if (mmap((void *)ar->at, len, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED)
		return 0;
	if (errno != EEXIST)
		return fail_errno("map %zu bytes at %" PRIx64, len, ar->at);
	err = own_vmas(&a, &own);
	if (!err) {
		taken_add_vmas(&a, &k, &own);
		for (size_t i = 0; i < r->m.tasks.n; i++)
			taken_add_task(&a, &k, r->m.tasks.v[i]);
		err = hole_find(&k, HOLE_PREMAP, len, &ar->at);
	}
	arena_free(&a);
	if (!err && mmap((void *)ar->at, len, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
		err = fail_errno("map %zu bytes at %" PRIx64, len, ar->at);
	return err;
}

static int new_area(struct maker *mk, const VmaEntry *v, uint64_t start, uint64_t end)
{
	struct premap_area ar = { .start = start, .end = end, .vma = v };
	int err;

	if (start >= end)
		return 0;
	err = map_area(mk->r, &ar);
	if (!err)
		err = read_area(mk, &ar);
	vec_push(&mk->r->m.arena, &mk->p->areas, ar);
	return err;
}

/* One wanted mapping: what the parent's areas cover is adopted, the rest is made. */
static int make_vma(struct maker *mk, const VmaEntry *v)
{
	uint64_t done = v->start;
	int err = 0;

	for (size_t i = 0; mk->from && i < mk->from->areas.n && !err; i++) {
		const struct premap_area *theirs = &mk->from->areas.v[i];
		struct premap_area ar = { max(theirs->start, v->start), min(theirs->end, v->end), 0, v };

		if (ar.start >= ar.end || !vma_corresponds(theirs->vma, v))
			continue;
		ar.at = theirs->at + (ar.start - theirs->start);
		err = new_area(mk, v, done, ar.start);
		if (!err)
			err = adopt_pages(mk, &ar);
		vec_push(&mk->r->m.arena, &mk->p->areas, ar);
		done = ar.end;
	}
	return err ? err : new_area(mk, v, done, v->end);
}

static int unmap_if(uint64_t start, uint64_t end)
{
	if (start < end && munmap((void *)start, end - start) < 0)
		return fail_errno("unmap memory of the parent at %" PRIx64, start);
	return 0;
}

/*
 * Before anything new is mapped: memory of the one it was forked from that this task does not have would be in the way.
 * wanted NULL: none of it.
 */
static int drop_foreign(const struct task *t, const struct premap *from, const bool *wanted)
{
	for (size_t i = 0; i < from->areas.n; i++) {
		const struct premap_area *ar = &from->areas.v[i];
		uint64_t done = ar->start;
		int err = 0;
		size_t k;

		vma_at(t, ar->start, &k);
		for (; k < t->mm->n_vmas && t->mm->vmas[k]->start < ar->end; k++) {
			const VmaEntry *v = t->mm->vmas[k];
			uint64_t start = max(v->start, ar->start), end = min(v->end, ar->end);

			if (!wanted || v->status & VMA_GUARD || start >= end || !wanted[k] || !vma_corresponds(ar->vma, v))
				continue;
			err = unmap_if(ar->at + (done - ar->start), ar->at + (start - ar->start));
			if (err)
				return err;
			done = end;
		}
		err = unmap_if(ar->at + (done - ar->start), ar->at + (ar->end - ar->start));
		if (err)
			return err;
	}
	return 0;
}

/*
 * Whose memory this process began with: the nearest forker that had made its own by then. An orphan is forked by
 * another than its parent, and shares nothing with the latter that could be adopted.
 */
static const struct task *forked_from(const struct task *t)
{
	const struct task *f = t->restore->birth->forker;

	while (f && !f->restore->premap)
		f = f->restore->birth->forker;
	return f;
}

int premap_make(struct restore *r, const struct task *t)
{
	const struct task *from = forked_from(t);
	bool is_parent = from && from == t->parent;
	struct maker mk = {
		.r = r, .t = t, .from = is_parent ? from->restore->premap : NULL, .pages = RUNS_READER(r->img_dir),
	};
	bool *wanted;
	int err = 0;

	if (t->restore->premap)
		return 0;
	mk.p = t->restore->premap = arena_new(&r->m.arena, struct premap);
	mk.p->wanted = wanted = premap_wanted(&r->m.arena, &r->m, t);
	if (from)
		err = drop_foreign(t, from->restore->premap, is_parent ? wanted : NULL);
	for (size_t i = 0; i < t->mm->n_vmas && !err; i++)
		if (wanted[i])
			err = make_vma(&mk, t->mm->vmas[i]);
	runs_reader_close(&mk.pages);
	return err;
}

int mem_make_shared(struct restore *r, const struct task *t)
{
	return premap_make(r, t);
}
