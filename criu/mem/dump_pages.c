/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All pages of all tasks into pages-N.img, and what lies where into pagemap-PID.img. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/progress.h"
#include "image/dir.h"
#include "mem/copy.h"
#include "mem/mem.h"
#include "mem/runs.h"
#include "mem/vmas.h"
#include "options.h"
#include "run/dump.h"

static int open_item(struct copy_job *j, struct copy_item *it)
{
	int err = process_source_open(&it->source, leader(it->task)->pid_real, j->keeps_sharing);

	return err ? err : file_sink_open(&it->sink, j->dir, it->task->pages.pages_id);
}

/*
 * A page of zeros is not stored, so nobody can share it: where the holder has none, the run is cut. The holder's own
 * runs are never shared ones: it was the first to have the page.
 */
static void cut_cow_run(struct arena *a, const struct page_run *r, struct pagemap *ret)
{
	const struct pagemap *held = &r->cow->pages;
	uint64_t end = r->start + r->n_pages * PAGE_SIZE;

	for (size_t i = 0; i < held->runs.n; i++) {
		const struct page_run *h = &held->runs.v[i];
		uint64_t from = max(r->start, h->start), to = min(end, h->start + h->n_pages * PAGE_SIZE);
		struct page_run piece = *r;

		if (h->flags & PE_COW || from >= to)
			continue;
		piece.start = from;
		piece.n_pages = (to - from) / PAGE_SIZE;
		vec_push(a, &ret->runs, piece);
	}
}

static bool cut_cow_runs(struct arena *a, struct pagemap *p)
{
	struct pagemap whole = { .pages_id = p->pages_id };
	bool has_cow = false;

	for (size_t i = 0; i < p->runs.n; i++) {
		if (p->runs.v[i].flags & PE_COW) {
			cut_cow_run(a, &p->runs.v[i], &whole);
			has_cow = true;
		} else {
			vec_push(a, &whole.runs, p->runs.v[i]);
		}
	}
	if (has_cow)
		*p = whole;
	return has_cow;
}

static int save_pagemap(struct dump *d, const struct task *t)
{
	PagemapHead head = PAGEMAP_HEAD__INIT;
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_PAGEMAP, leader(t)->pid);
	head.pages_id = t->pages.pages_id;
	image_put(&o, &head.base);
	for (size_t i = 0; i < t->pages.runs.n; i++) {
		const struct page_run *r = &t->pages.runs.v[i];
		PagemapEntry e = PAGEMAP_ENTRY__INIT;

		run_record(&e, r->start, r->n_pages, r->flags);
		e.has_cow_pid = r->cow != NULL;
		e.cow_pid = r->cow ? leader(r->cow)->pid : 0;
		image_put(&o, &e.base);
	}
	return image_out_close(&o);
}

static int save_pagemaps(struct dump *d)
{
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		struct task *t = d->m.tasks.v[i];
		int err;

		if (!is_alive(t))
			continue;
		if (cut_cow_runs(&d->m.arena, &t->pages))
			d->m.inventory->img_version = IMG_VERSION_EXTENDED;
		err = save_pagemap(d, t);
		if (err)
			return err;
	}
	return 0;
}

static bool can_share(const struct dump *d, size_t n_alive)
{
	return n_alive > 1 && !d->opt->plain_images;
}

int mem_dump_pages(struct dump *d)
{
	size_t n_tasks = d->m.tasks.n;
	struct page_plan *plans = arena_array(&d->m.arena, struct page_plan, n_tasks);
	struct copy_job j = {
		.items = arena_array(&d->m.arena, struct copy_item, n_tasks),
		.open = open_item,
		.dir = d->img_dir,
		.arena = &d->m.arena,
	};
	uint64_t start = now_us();
	int err = 0;

	for (size_t i = 0; i < n_tasks; i++) {
		struct task *t = d->m.tasks.v[i];

		if (!is_alive(t))
			continue;
		page_plan_make(&d->m.arena, t->dump->vmas, d->opt->plain_images, &plans[i]);
		t->pages.pages_id = d->next_pages_id++;
		j.items[j.n_items].task = t;
		j.items[j.n_items++].plan = &plans[i];
		for (size_t k = 0; k < plans[i].segs.n; k++)
			j.n_pages += plans[i].segs.v[k].n_pages;
	}
	/* A target that ends with the dump and has no relatives here has nobody to share with for long. */
	j.keeps_sharing = j.n_items > 1 || d->opt->final_state != FINAL_KILL;
	if (can_share(d, j.n_items))
		err = page_plan_share(d, plans);
	progress_expect(j.n_pages * PAGE_SIZE, PROGRESS_BYTES);
	if (!err)
		err = copy_run(&j);
	d->stats.pages_scanned += j.n_pages;
	d->stats.pages_written += j.n_written;
	d->stats.memdump_us += now_us() - start;
	if (err)
		return err;
	start = now_us();
	err = save_pagemaps(d);
	d->stats.memwrite_us += now_us() - start;
	return err;
}
