/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mm-PID.img, pagemap-PID.img and pages-N.img into the model; nothing in them is trusted. */
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "mem/equal.h"
#include "mem/mem.h"
#include "mem/pages_map.h"
#include "mem/runs.h"
#include "mem/vma_check.h"
#include "mem/vmas.h"

/* A pagemap being read. */
struct reading {
	struct image_in in;
	struct model *m;
	struct task *t;
	uint64_t stored;		/* bytes of the pages file that the entries so far account for */
	size_t vma;			/* the mapping that the next entry may begin in */
};

/*
 * Pages that another task stores: the holder's runs have been resolved already, since it comes earlier, so each piece
 * says at once which file and where.
 */
static int add_cow(struct reading *rd, const struct page_run *r, const struct task *holder)
{
	uint64_t at = r->start;

	for (size_t i = run_find(&holder->pages, at); i < holder->pages.runs.n && at < run_end(r); i++) {
		const struct page_run *h = &holder->pages.runs.v[i];
		struct page_run piece = *r;

		if (h->start > at)
			break;
		piece.start = at;
		piece.n_pages = (min(run_end(h), run_end(r)) - at) / PAGE_SIZE;
		piece.cow = h->cow ? h->cow : (struct task *)holder;
		piece.offset = h->offset + (at - h->start);
		at = run_end(&piece);
		vec_push(&rd->m->arena, &rd->t->pages.runs, piece);
	}
	if (at < run_end(r))
		return image_bad(&rd->in, "shares page %" PRIx64 " with task %d, which has no such page", at,
				 leader(holder)->pid);
	return 0;
}

/* One entry, cut where mappings end: the established tool joins neighbours that touch. */
static int add_run(struct reading *rd, struct page_run r, const struct task *holder)
{
	const MmEntry *mm = rd->t->mm;
	uint64_t end = run_end(&r);

	while (r.start < end) {
		const VmaEntry *v;
		int err = 0;

		while (rd->vma < mm->n_vmas && mm->vmas[rd->vma]->end <= r.start)
			rd->vma++;
		v = rd->vma < mm->n_vmas ? mm->vmas[rd->vma] : NULL;
		if (!v || v->start > r.start || v->status & VMA_GUARD)
			return image_bad(&rd->in, "page %" PRIx64 " lies in no mapping", r.start);
		if (!(v->status & (VMA_ANON_PRIVATE | VMA_FILE_PRIVATE)) ||
		    v->status & (VMA_VVAR | VMA_VSYSCALL))
			return image_bad(&rd->in, "page %" PRIx64 " lies in a mapping without pages of its own", r.start);
		r.n_pages = (min(end, v->end) - r.start) / PAGE_SIZE;
		if (holder) {
			err = add_cow(rd, &r, holder);
		} else {
			r.offset = rd->stored;
			rd->stored += r.n_pages * PAGE_SIZE;
			vec_push(&rd->m->arena, &rd->t->pages.runs, r);
		}
		if (err)
			return err;
		r.start = run_end(&r);
	}
	return 0;
}

static int find_cow_holder(struct reading *rd, const PagemapEntry *e, const struct task **ret)
{
	const struct task *h = e->has_cow_pid ? model_task_by_pid(rd->m, e->cow_pid) : NULL;

	if (!h || h->index >= rd->t->index || !h->mm)
		return image_bad(&rd->in, "shares pages with task %u, which is no earlier living task", e->cow_pid);
	*ret = h;
	return 0;
}

static int check_flags(struct reading *rd, const PagemapEntry *e, uint32_t flags)
{
	if (flags & ~(PE_PARENT | PE_LAZY | PE_PRESENT | PE_COW))
		return image_bad(&rd->in, "unknown flags 0x%x", flags);
	if (flags & PE_PARENT || e->in_parent)
		return image_bad(&rd->in, "pages are in a parent directory: incremental images are not supported yet");
	if (!(flags & (PE_PRESENT | PE_COW)))
		return image_bad(&rd->in, "pages were left behind for lazy migration, which is not supported yet");
	if (flags & PE_PRESENT && flags & PE_COW)
		return image_bad(&rd->in, "pages are both here and elsewhere (flags 0x%x)", flags);
	return 0;
}

static int load_entry(struct reading *rd, const PagemapEntry *e)
{
	const struct pagemap *p = &rd->t->pages;
	uint32_t flags = e->has_flags ? e->flags : PE_PRESENT;
	struct page_run r = { .start = e->vaddr, .n_pages = e->has_nr_pages ? e->nr_pages : e->compat_nr_pages };
	const struct task *holder = NULL;
	int err = check_flags(rd, e, flags);

	if (err)
		return err;
	if (r.start % PAGE_SIZE || !r.n_pages || r.n_pages > (UINT64_MAX - r.start) / PAGE_SIZE)
		return image_bad(&rd->in, "range %" PRIx64 " with %" PRIu64 " pages", r.start, r.n_pages);
	if (p->runs.n && r.start < run_end(&p->runs.v[p->runs.n - 1]))
		return image_bad(&rd->in, "page %" PRIx64 " is out of order", r.start);
	if (flags & PE_COW)
		err = find_cow_holder(rd, e, &holder);
	r.flags = flags;
	return err ? err : add_run(rd, r, holder);
}

static int load_entries(struct reading *rd, int img_dir)
{
	PagemapHead *head;
	PagemapEntry *e;
	int got = image_in_open(&rd->in, &rd->m->arena, img_dir, IMG_PAGEMAP, leader(rd->t)->pid);

	if (got < 0)
		return got;
	got = image_next_as(&rd->in, &pagemap_head__descriptor, &head);
	if (got < 0)
		return got;
	if (!got)
		return fail(EINVAL, "%s is missing or empty", rd->in.name);
	rd->t->pages.pages_id = head->pages_id;
	while ((got = image_next(&rd->in, &e)) > 0) {
		int err = load_entry(rd, e);

		if (err)
			return err;
	}
	return got;
}

/*
 * For the tool alone: in a tree of 50 tasks each fork would copy 50 mappings, which the task unmaps again. Tasks read with
 * runs_read().
 */
static int map_pages(struct task *t, int img_dir, uint64_t expected)
{
	const void *map;
	int err = pages_map(img_dir, t->pages.pages_id, expected, IMG_PAGEMAP, leader(t)->pid, &map);

	if (err || !map)
		return err;
	if (madvise((void *)map, expected, MADV_DONTFORK) < 0)
		return fail_errno("cannot keep the pages of task %d out of the others", leader(t)->pid);
	t->pages.map = map;
	t->pages.map_len = expected;
	return 0;
}

int mem_load(struct model *m, struct task *t, int img_dir)
{
	struct reading rd = { .m = m, .t = t };
	int err = image_read_one(&m->arena, img_dir, IMG_MM, leader(t)->pid, &t->mm);

	if (!err)
		err = mm_check(leader(t)->pid, t->mm);
	if (!err)
		err = load_entries(&rd, img_dir);
	if (!err)
		err = map_pages(t, img_dir, rd.stored);
	if (!err && m->inventory->img_version < IMG_VERSION_EXTENDED)
		equal_find(m, t);		/* otherwise whoever wrote it knew what was shared */
	return err;
}
