/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who fills which mapping, and which small ones are made and filled in one piece:
 *
 *	recorded  | rw | r  | rw | r  |	      four mappings of a page
 *	made      | rw                |	      one mmap, one registration with userfaultfd, one copy
 *	final     | rw | r  | rw | r  |	      mprotect, by the restorer
 *
 * Registering a mapping and one copy cost 7 us, so it pays from 64 KiB on only; and for each page that a task reads
 * itself the kernel takes a fault and zeroes it first.
 */
#include <sys/mman.h>
#include "mem/fill_plan.h"
#include "mem/runs.h"
#include "mem/vmas.h"

enum { OUTSIDE_MIN_BYTES = 16 * PAGE_SIZE, OUTSIDE_MIN_PAGES = 512 };

/* Not huge pages, which UFFDIO_COPY would make of small ones, nor what userfaultfd knows nothing of. */
static bool can_be_outside(const VmaEntry *v, bool is_premapped)
{
	return v->status & VMA_ANON_PRIVATE && !(v->status & (VMA_VDSO | VMA_VVAR | VMA_VSYSCALL | VMA_GUARD)) &&
	       !(v->flags & VMA_MAP_DROPPABLE) && !(v->madv & 1 << MADV_HUGEPAGE) && !is_premapped;
}

/*
 * All of a piece is writable for a while, and what was once writable counts against the limit of committed memory for
 * good: so only what is or was. What is advised or bound before it is filled would cut the piece.
 */
static bool can_join(const VmaEntry *v, const struct fill_how *how)
{
	return (v->prot & PROT_WRITE || how->n_pages) && !(v->flags & VMA_MAP_GROWSDOWN) && !v->has_mpol_mode &&
	       !(v->madv & 1 << MADV_NOHUGEPAGE);
}

static bool joins(const VmaEntry *a, const VmaEntry *b)
{
	const uint32_t flags = VMA_MAP_NORESERVE;

	return a->end == b->start && !((a->flags ^ b->flags) & flags) && !((a->prot ^ b->prot) & PROT_EXEC);
}

static void count_pages(const struct task *t, struct fill_how *how)
{
	for (size_t i = 0, v = 0; i < t->pages.runs.n; i++) {
		while (t->mm->vmas[v]->end <= t->pages.runs.v[i].start)
			v++;
		how[v].n_pages += t->pages.runs.v[i].n_pages;
	}
}

struct fill_how *fill_plan(struct arena *a, const struct task *t, const bool *is_premapped)
{
	VmaEntry *const *v = t->mm->vmas;
	struct fill_how *how = arena_array(a, struct fill_how, t->mm->n_vmas + 1);

	count_pages(t, how);
	for (size_t i = 0, end; i < t->mm->n_vmas; i = end) {
		bool is_outside = can_be_outside(v[i], is_premapped[i]);

		end = i + 1;
		if (is_outside && can_join(v[i], &how[i]))
			while (end < t->mm->n_vmas && can_be_outside(v[end], is_premapped[end]) &&
			       can_join(v[end], &how[end]) && joins(v[end - 1], v[end]))
				end++;
		is_outside = is_outside && v[end - 1]->end - v[i]->start >= OUTSIDE_MIN_BYTES;
		for (size_t k = i; k < end; k++) {
			how[k].is_outside = is_outside;
			how[k].is_joined = is_outside && end > i + 1;
			how[k].piece_end = is_outside ? v[end - 1]->end : v[k]->end;
		}
	}
	return how;
}

bool fill_needs_uffd(const struct task *t, const struct fill_how *how)
{
	uint64_t n_pages = 0;

	for (size_t i = 0; i < t->mm->n_vmas; i++)
		n_pages += how[i].is_outside ? how[i].n_pages : 0;
	return n_pages >= OUTSIDE_MIN_PAGES;
}
