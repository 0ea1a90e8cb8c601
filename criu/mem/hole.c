/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Free places in an address space: for the restorer, for memory that is made early, for the vDSO. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "base/log.h"
#include "kernel/read.h"
#include "mem/hole.h"
#include "mem/mem.h"
#include "run/restore.h"

/* Neither a stack that grows nor a heap shall run into us. */
#define MARGIN (16ULL << 20)
#define TOP 0x7ffffff00000ULL

int own_vmas(struct arena *a, struct vma_list *ret)
{
	auto_proc_text text;
	int err = proc_text_read(&text, "/proc/self/maps");

	if (err)
		return fail_with(err, "cannot read /proc/self/maps");
	err = vmas_parse(text.s, a, ret);
	return err ? fail_with(err, "/proc/self/maps cannot be understood") : 0;
}

static void add(struct arena *a, struct taken *k, uint64_t start, uint64_t end)
{
	struct page_range r = { start, end };

	vec_push(a, &k->v, r);
}

void taken_add_vmas(struct arena *a, struct taken *k, const struct vma_list *l)
{
	for (size_t i = 0; i < l->v.n; i++)
		add(a, k, l->v.v[i].start, l->v.v[i].end);
}

void taken_add_task(struct arena *a, struct taken *k, const struct task *t)
{
	for (size_t i = 0; t->mm && i < t->mm->n_vmas; i++)
		add(a, k, t->mm->vmas[i]->start, t->mm->vmas[i]->end);
}

static int by_start(const void *a, const void *b)
{
	const struct page_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

int hole_find(struct taken *k, uint64_t low, uint64_t size, uint64_t *ret_addr)
{
	uint64_t at = low;

	qsort(k->v.v, k->v.n, sizeof(k->v.v[0]), by_start);
	for (size_t i = 0; i < k->v.n; i++) {
		const struct page_range *r = &k->v.v[i];

		if (r->end + MARGIN <= at || r->end > TOP + MARGIN)
			continue;
		if (r->start > at && r->start - at >= size + MARGIN)
			break;
		at = max(at, align_up(r->end + MARGIN, PAGE_SIZE));
	}
	if (at > TOP || TOP - at < size)
		return fail(ENOMEM, "no free place for %" PRIu64 " bytes in the address space", size);
	*ret_addr = at;
	return 0;
}

int mem_note_own(struct restore *r)
{
	r->tool_vmas = arena_new(&r->m.arena, struct vma_list);
	return own_vmas(&r->m.arena, r->tool_vmas);
}

int mem_find_hole(struct arena *a, const struct vma_list *noted, const struct task *t, uint64_t size,
		  uint64_t *ret_addr)
{
	struct vma_list own = { 0 };
	struct taken k = { 0 };
	int err = noted ? 0 : own_vmas(a, &own);

	if (err)
		return err;
	taken_add_vmas(a, &k, noted ?: &own);
	taken_add_task(a, &k, t);
	return hole_find(&k, HOLE_RESTORER, size, ret_addr);
}
