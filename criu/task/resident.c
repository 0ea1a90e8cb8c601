/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory that is read from the tasks that have it mapped (mem/stand_in.c): a page that does not exist is not to be
 * read, since that makes it. Only the task itself can be asked, and the answer counts only where nothing is swapped out.
 */
#include <sys/sysinfo.h>
#include "base/log.h"
#include "task/resident.h"
#include "mem/stand_in.h"
#include "mem/vmas.h"
#include "pie/inside.h"
#include "run/dump.h"
#include "task/inside.h"
#include "task/kind.h"

enum { ASKED_PAGES_MAX = 1 << 22 };

static bool is_swap_used(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 || info.totalswap != info.freeswap;
}

static int resident_ask(struct dump *d, struct task *t, struct inside_task *in, struct inside_more *more)
{
	const struct vma_list *l = t->dump->vmas;
	struct resident_ask *questions;
	uint64_t n_pages = 0;
	uint32_t n = 0;

	if (d->mapped.has_map_files || is_swap_used())
		return 0;
	questions = arena_array(&d->m.arena, struct resident_ask, l->v.n + 1);
	for (size_t i = 0; i < l->v.n; i++) {
		const struct vma *v = &l->v.v[i];
		uint64_t pages = (v->end - v->start) / PAGE_SIZE;

		if (!is_memory_alone(v) || n_pages + pages > ASKED_PAGES_MAX)
			continue;
		n_pages += pages;
		questions[n] = (struct resident_ask){ .start = v->start, .len = pages * PAGE_SIZE };
		questions[n++].off = inside_append(more, arena_alloc(&d->m.arena, pages), pages);
	}
	in->resident.n = n;
	if (n)
		in->resident.off = inside_append(more, questions, n * sizeof(*questions));
	return 0;
}

const uint8_t *resident_pages(const struct task *t, const struct vma *v)
{
	const struct inside_task *in = t->dump->inside;
	const struct resident_ask *a = in ? (const void *)((const char *)in + in->resident.off) : NULL;

	for (uint32_t i = 0; in && i < in->resident.n; i++)
		if (a[i].start == v->start && !a[i].err)
			return (const uint8_t *)in + a[i].off;
	return NULL;
}

const struct task_kind resident_kind = {
	.name = "resident",
	.ask = resident_ask,
};
