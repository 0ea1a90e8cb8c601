/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages worth storing: those found, inside mappings that own pages, and of shared ones only the first. */
#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/own.h"
#include "kernel/pagemap.h"
#include "mem/page_plan.h"
#include "mem/vmas.h"
#include "run/dump.h"

static bool is_wanted(const struct vma *v, uint64_t categories)
{
	if (!(categories & (PAGE_CAT_PRESENT | PAGE_CAT_SWAPPED)) || categories & PAGE_CAT_GUARD)
		return false;
	if (v->status & VMA_FILE_PRIVATE)
		return !(categories & PAGE_CAT_FILE);
	return !(categories & PAGE_CAT_ZERO);
}

static void add_seg(struct arena *a, struct page_plan *p, const struct vma *v, uint64_t start, uint64_t end)
{
	uint32_t special = VMA_VDSO | VMA_FILE_PRIVATE;
	struct page_seg s = {
		.start = start,
		.n_pages = (end - start) / PAGE_SIZE,
		.keep_zeros = v->status & special,
		.can_be_lazy = !(v->status & special) && !vma_has_flag(v, VM_FLAG_LOCKED) &&
			       !vma_has_flag(v, VM_FLAG_GROWSDOWN),
	};

	if (s.n_pages)
		vec_push(a, &p->segs, s);
}

void page_plan_make(struct arena *a, const struct vma_list *l, bool is_plain, struct page_plan *ret)
{
	const struct page_found *p = l->pages.v.v, *end = p + l->pages.v.n;

	for (size_t i = 0; i < l->v.n; i++) {
		const struct vma *v = &l->v.v[i];

		if (!vma_has_pages(v) || (is_plain && vma_has_flag(v, VM_FLAG_DROPPABLE)))
			continue;
		if (v->status & VMA_VDSO) {	/* whole: another kernel may have to make do with it */
			add_seg(a, ret, v, v->start, v->end);
			continue;
		}
		while (p < end && p->end <= v->start)
			p++;
		for (const struct page_found *q = p; q < end && q->start < v->end; q++)
			if (is_wanted(v, q->categories))
				add_seg(a, ret, v, max(q->start, v->start), min(q->end, v->end));
	}
}

/* Who had this page first. Open addressing; a PFN is never 0 for a page that counts. */
struct holder {
	uint64_t pfn, addr;
	struct task *task;
};
struct holders {
	struct holder *v;
	size_t n, room;			/* a power of two */
};

static struct holder *holder_slot(const struct holders *h, uint64_t pfn)
{
	size_t i = pfn * 0x9e3779b97f4a7c15ULL >> 20;

	for (;; i++) {
		struct holder *s = &h->v[i & (h->room - 1)];

		if (!s->pfn || s->pfn == pfn)
			return s;
	}
}

static int holders_grow(struct holders *h)
{
	struct holders bigger = { .n = h->n, .room = h->room ? h->room * 2 : 4096 };

	if (h->n * 2 < h->room)
		return 0;
	bigger.v = calloc(bigger.room, sizeof(*bigger.v));
	if (!bigger.v)
		return fail(ENOMEM, "no memory to find shared pages");
	for (size_t i = 0; i < h->room; i++)
		if (h->v[i].pfn)
			*holder_slot(&bigger, h->v[i].pfn) = h->v[i];
	free(h->v);
	*h = bigger;
	return 0;
}

/* The earlier task that this page is shared with at the same address, or NULL; then t becomes its holder. */
static int find_holder(struct holders *h, uint64_t word, uint64_t addr, struct task *t, struct task **ret)
{
	struct holder *s;
	int err;

	*ret = NULL;
	if (!(word & PAGEMAP_PRESENT) || word & PAGEMAP_EXCLUSIVE || !PAGEMAP_PFN(word))
		return 0;
	err = holders_grow(h);
	if (err)
		return err;
	s = holder_slot(h, PAGEMAP_PFN(word));
	if (!s->pfn) {
		*s = (struct holder){ PAGEMAP_PFN(word), addr, t };
		h->n++;
	} else if (s->addr == addr && s->task != t) {
		*ret = s->task;
	}
	return 0;
}

static void add_page(struct arena *a, struct page_plan *p, const struct page_seg *like, uint64_t addr, struct task *cow)
{
	struct page_seg *last = p->segs.n ? &p->segs.v[p->segs.n - 1] : NULL;
	struct page_seg s = *like;

	/* like->start: segments of two mappings stay two, though they touch. */
	if (last && last->cow == cow && last->start >= like->start && last->start + last->n_pages * PAGE_SIZE == addr) {
		last->n_pages++;
		return;
	}
	s.start = addr;
	s.n_pages = 1;
	s.cow = cow;
	vec_push(a, &p->segs, s);
}

static int share_task(struct dump *d, struct task *t, struct holders *h, struct page_plan *plan)
{
	auto_fd int fd = pagemap_open(leader(t)->pid_real);
	struct page_plan split = { 0 };
	uint64_t words[512];

	if (fd < 0)
		return fail_with(fd, "cannot open /proc/%d/pagemap", leader(t)->pid_real);
	for (size_t i = 0; i < plan->segs.n; i++) {
		const struct page_seg *s = &plan->segs.v[i];

		for (uint64_t at = 0; at < s->n_pages;) {
			size_t n = min(s->n_pages - at, (uint64_t)array_size(words));
			int err = pagemap_read(fd, s->start + at * PAGE_SIZE, words, n);

			if (err)
				return fail_with(err, "cannot read /proc/%d/pagemap", leader(t)->pid_real);
			for (size_t k = 0; k < n; k++, at++) {
				struct task *cow;

				err = find_holder(h, words[k], s->start + at * PAGE_SIZE, t, &cow);
				if (err)
					return err;
				add_page(&d->m.arena, &split, s, s->start + at * PAGE_SIZE, cow);
			}
		}
	}
	*plan = split;
	return 0;
}

int page_plan_share(struct dump *d, struct page_plan *plans)
{
	struct holders h = { 0 };
	int err = 0;

	for (size_t i = 0; i < d->m.tasks.n && !err; i++)
		if (plans[i].segs.n)
			err = share_task(d, d->m.tasks.v[i], &h, &plans[i]);
	free(h.v);
	return err;
}
