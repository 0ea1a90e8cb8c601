/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of many tasks from sources to sinks, on all CPUs.
 *
 * Workers take chunks of 512 KiB in order (that fits a core's cache; folios of the file's cache become as large, and
 * larger ones the kernel has to look for). Reading, the test for zeros and writing happen in parallel; only the place in
 * the file is given out in turn, because it depends on how many pages of the chunks before were zero. Tasks have
 * files of their own, so where there are several, workers meet only at the border between two.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/progress.h"
#include "mem/copy.h"
#include "model/model.h"
#include "run/cancel.h"

enum { CHUNK_PAGES = 128, PAGES_PER_THREAD = 1024, MAX_THREADS = 16 };
/* A small file is not worth the calls. Not all at once: a tmpfs makes the pages, and zeros will not need them. */
enum { RESERVE_MIN = 2 << 20, RESERVE_AHEAD = 32 << 20 };

struct chunk {
	struct copy_item *it;
	unsigned int ticket;
	unsigned int n_ranges, n_pages;
	struct iovec ranges[CHUNK_PAGES];
	const struct page_seg *seg[CHUNK_PAGES];	/* of each range */
	const struct page_seg *cow;	/* instead: no pages, but a run that another task stores */
};

static void fill_chunk(struct copy_item *it, struct chunk *c)
{
	*c = (struct chunk){ .it = it };
	while (it->seg < it->plan->segs.n && c->n_pages < CHUNK_PAGES) {
		const struct page_seg *s = &it->plan->segs.v[it->seg];
		uint64_t n = min(s->n_pages - it->page, (uint64_t)CHUNK_PAGES - c->n_pages);

		if (s->cow) {
			if (c->n_pages)
				break;
			c->cow = s;
			it->seg++;
			break;
		}
		c->ranges[c->n_ranges].iov_base = (void *)(s->start + it->page * PAGE_SIZE);
		c->ranges[c->n_ranges].iov_len = n * PAGE_SIZE;
		c->seg[c->n_ranges++] = s;
		c->n_pages += n;
		it->page += n;
		if (it->page == s->n_pages) {
			it->seg++;
			it->page = 0;
		}
	}
	c->ticket = it->n_taken++;
	it->n_in_flight++;
}

static void close_if_done(struct copy_job *j, struct copy_item *it)
{
	int err;

	if (!it->is_open || it->n_in_flight || (it->seg < it->plan->segs.n && !j->err))
		return;
	it->source.close(&it->source);
	err = it->sink.close(&it->sink, it->offset);
	if (err && !j->err)
		j->err = err;
	it->is_open = false;
}

static int open_item(struct copy_job *j, struct copy_item *it)
{
	int err = j->open(j, it);

	for (size_t i = 0; i < it->plan->segs.n; i++)
		if (!it->plan->segs.v[i].cow)
			it->max_len += it->plan->segs.v[i].n_pages * PAGE_SIZE;
	return err;
}

/* 1: a chunk; 0: no more. */
static int next_chunk(struct copy_job *j, struct chunk *c)
{
	int got = 0;

	pthread_mutex_lock(&j->lock);
	if (!j->err && is_cancelled())
		j->err = check_cancelled();
	while (j->at < j->n_items && !j->err) {
		struct copy_item *it = &j->items[j->at];
		int err = it->n_taken ? 0 : open_item(j, it);

		if (err) {
			j->err = err;
			break;
		}
		it->is_open |= !it->n_taken;
		if (it->seg < it->plan->segs.n) {
			fill_chunk(it, c);
			got = 1;
			break;
		}
		close_if_done(j, it);
		j->at++;
	}
	pthread_mutex_unlock(&j->lock);
	return got;
}

static void chunk_done(struct copy_job *j, struct chunk *c)
{
	pthread_mutex_lock(&j->lock);
	c->it->n_in_flight--;
	close_if_done(j, c->it);
	pthread_mutex_unlock(&j->lock);
}

/* A worker that holds an earlier chunk is 40 us from handing over, less than it takes to sleep and be woken. */
static int wait_for_turn(struct copy_job *j, const struct chunk *c)
{
	for (unsigned int spins = 0; atomic_load_explicit(&c->it->turn, memory_order_acquire) != c->ticket; spins++) {
		if (j->err)
			return -ECANCELED;
		if (spins > 200)
			sched_yield();
		else
			spin_hint();
	}
	return 0;
}

static void add_run(struct copy_job *j, struct copy_item *it, const struct page_seg *s, uint64_t start, uint64_t n_pages)
{
	struct pagemap *p = &it->task->pages;
	struct page_run *last = p->runs.n ? &p->runs.v[p->runs.n - 1] : NULL;
	struct page_run r = {
		.start = start, .n_pages = n_pages, .cow = s->cow, .offset = it->offset,
		.flags = s->cow ? PE_COW : PE_PRESENT | (s->can_be_lazy ? PE_LAZY : 0),
	};

	if (!s->cow)
		it->offset += n_pages * PAGE_SIZE;
	/* s->start: a run ends where its mapping does. */
	if (last && last->flags == r.flags && last->cow == r.cow && last->start >= s->start &&
	    last->start + last->n_pages * PAGE_SIZE == start) {
		last->n_pages += n_pages;
		return;
	}
	pthread_mutex_lock(&j->lock);	/* the arena is shared */
	vec_push(j->arena, &p->runs, r);
	pthread_mutex_unlock(&j->lock);
}

/* Which pages are stored: their runs go to the pagemap, the pieces of the buffer to out. */
static unsigned int place_pages(struct copy_job *j, struct chunk *c, char *buf, const bool *is_zero, struct iovec *out)
{
	unsigned int n_out = 0, page = 0;

	for (unsigned int i = 0; i < c->n_ranges; i++) {
		uint64_t addr = (uintptr_t)c->ranges[i].iov_base;
		unsigned int end = page + c->ranges[i].iov_len / PAGE_SIZE;

		while (page < end) {
			unsigned int from = page;

			while (page < end && !is_zero[page])
				page++;
			if (page > from) {
				add_run(j, c->it, c->seg[i], addr, page - from);
				out[n_out].iov_base = buf + from * PAGE_SIZE;
				out[n_out++].iov_len = (page - from) * PAGE_SIZE;
				addr += (page - from) * PAGE_SIZE;
			}
			for (; page < end && is_zero[page]; page++)
				addr += PAGE_SIZE;
		}
	}
	return n_out;
}

static void look_at_pages(struct copy_job *j, const struct chunk *c, const char *buf, bool *ret_is_zero)
{
	unsigned int page = 0;

	for (unsigned int i = 0; i < c->n_ranges; i++) {
		uint64_t addr = (uintptr_t)c->ranges[i].iov_base;

		for (size_t at = 0; at < c->ranges[i].iov_len; at += PAGE_SIZE, page++) {
			const char *p = buf + page * PAGE_SIZE;

			ret_is_zero[page] = !c->seg[i]->keep_zeros && is_zero_page(p);
			if (j->checksum && !ret_is_zero[page])
				j->checksum->add(j->checksum->state, addr + at, p);
		}
	}
}

static void reserve(struct copy_item *it)
{
	if (it->offset <= it->reserved || it->max_len < RESERVE_MIN || !it->sink.reserve)
		return;
	it->reserved = min(it->offset + RESERVE_AHEAD, it->max_len);
	it->sink.reserve(&it->sink, it->reserved);
}

/* Ranges end where mappings do, which is nothing to a reader: for one page of each it would take as long again. */
static unsigned int join_ranges(const struct chunk *c, struct iovec *ret)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->n_ranges; i++) {
		struct iovec *last = n ? &ret[n - 1] : NULL;

		if (last && (char *)last->iov_base + last->iov_len == c->ranges[i].iov_base)
			last->iov_len += c->ranges[i].iov_len;
		else
			ret[n++] = c->ranges[i];
	}
	return n;
}

static int copy_chunk(struct copy_job *j, struct chunk *c, char *buf)
{
	bool is_zero[CHUNK_PAGES];
	struct iovec out[CHUNK_PAGES];
	uint64_t offset;
	unsigned int n_out = 0;
	int err = 0;

	if (c->n_pages) {
		err = c->it->source.read(&c->it->source, out, join_ranges(c, out), buf, c->n_pages * PAGE_SIZE);
		if (err)
			return err;
		look_at_pages(j, c, buf, is_zero);
	}
	progress_add(c->n_pages * PAGE_SIZE);
	err = wait_for_turn(j, c);
	if (err)
		return err;
	offset = c->it->offset;
	if (c->cow)
		add_run(j, c->it, c->cow, c->cow->start, c->cow->n_pages);
	else
		n_out = place_pages(j, c, buf, is_zero, out);
	reserve(c->it);
	j->n_written += (c->it->offset - offset) / PAGE_SIZE;
	atomic_store_explicit(&c->it->turn, c->ticket + 1, memory_order_release);
	/* Adjacent pieces were kept apart only where a mapping ends: most chunks are one. */
	return n_out ? c->it->sink.write(&c->it->sink, out, n_out, offset) : 0;
}

static void *worker(void *arg)
{
	struct copy_job *j = arg;
	struct chunk c;
	char *buf = aligned_alloc(PAGE_SIZE, CHUNK_PAGES * PAGE_SIZE);

	if (!buf)
		j->err = fail(ENOMEM, "no memory for a page buffer");
	while (next_chunk(j, &c)) {
		int err = copy_chunk(j, &c, buf), none = 0;

		if (err)
			atomic_compare_exchange_strong(&j->err, &none, err);
		chunk_done(j, &c);
	}
	free(buf);
	return NULL;
}

static unsigned int count_threads(const struct copy_job *j)
{
	cpu_set_t cpus;
	uint64_t n = 1 + j->n_pages / PAGES_PER_THREAD;

	if (j->checksum || sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 1;
	n = min(n, (uint64_t)CPU_COUNT(&cpus));
	return min(n, (uint64_t)MAX_THREADS);
}

int copy_run(struct copy_job *j)
{
	pthread_t threads[MAX_THREADS];
	unsigned int n = count_threads(j), n_started = 0;

	pthread_mutex_init(&j->lock, NULL);
	/* One fewer than wanted is slower, not wrong. */
	while (n_started + 1 < n && !pthread_create(&threads[n_started], NULL, worker, j))
		n_started++;
	worker(j);
	while (n_started)
		pthread_join(threads[--n_started], NULL);
	for (size_t i = 0; i < j->n_items; i++)
		close_if_done(j, &j->items[i]);
	pthread_mutex_destroy(&j->lock);
	return j->err;
}
