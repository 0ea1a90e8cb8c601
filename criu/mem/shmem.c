/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in shared memory: pagemap-shmem-ID.img and a pages file. Pages that exist are found by SEEK_DATA, whoever of
 * several processes has them in his page tables.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "mem/page_io.h"
#include "mem/pages_map.h"
#include "mem/runs.h"
#include "mem/shmem.h"
#include "run/dump.h"

enum { CHUNK = 1 << 19 };

/* An object being saved. */
struct saving {
	struct arena *arena;
	struct shmem *s;
	int file;
	char *at;			/* mapped here; of huge pages NULL: */
	char *buf;			/* an access would give a hole a page, a read does not */
	struct page_sink sink;
	uint64_t offset;
};

static uint64_t whole(const struct shmem *s)
{
	return align_up(s->size, s->unit);
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int write_run(struct saving *v, const char *data, uint64_t start, uint64_t len)
{
	struct shmem_run run = { start, len }, *last = v->s->runs.n ? &v->s->runs.v[v->s->runs.n - 1] : NULL;
	struct iovec piece = { (void *)data, len };
	int err = v->sink.write(&v->sink, &piece, 1, v->offset);

	v->offset += len;
	if (last && last->start + last->len == start)
		last->len += len;
	else
		vec_push(v->arena, &v->s->runs, run);
	return err;
}

/* What is not zero of a piece. */
static int save_piece(struct saving *v, const char *data, uint64_t start, uint64_t len)
{
	uint64_t from = 0;
	int err = 0;

	for (uint64_t at = 0; at <= len && !err; at += PAGE_SIZE) {
		if (at < len && !is_zero_page(data + at))
			continue;
		if (at > from)
			err = write_run(v, data + from, start + from, at - from);
		from = at + PAGE_SIZE;
	}
	return err;
}

static int save_range(struct saving *v, uint64_t start, uint64_t end)
{
	int err = 0;

	for (uint64_t at = start; at < end && !err; at += CHUNK) {
		size_t len = min(end - at, (uint64_t)CHUNK);

		if (v->buf && pread(v->file, v->buf, len, at) != (ssize_t)len)
			return fail_errno("read %zu bytes at %" PRIu64, len, at);
		err = save_piece(v, v->buf ? v->buf : v->at + at, at, len);
	}
	return err;
}

static int save_all(struct saving *v)
{
	uint64_t end = whole(v->s);
	int err = 0;

	if (v->buf)
		return save_range(v, 0, end);
	for (uint64_t at = 0; at < end && !err;) {
		off_t data = lseek(v->file, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		hole = data < 0 ? -1 : lseek(v->file, data, SEEK_HOLE);
		if (hole < 0)
			return fail_errno("look for data behind %" PRIu64, at);
		at = align_up((uint64_t)hole, (uint64_t)PAGE_SIZE);
		err = save_range(v, data, min(at, end));
	}
	return err;
}

static int save_file(struct saving *v)
{
	uint64_t len = whole(v->s);
	int err;

	if (v->s->unit > PAGE_SIZE) {
		v->buf = arena_alloc(v->arena, CHUNK);
		return save_all(v);
	}
	v->at = mmap(NULL, len, PROT_READ, MAP_SHARED, v->file, 0);
	if (v->at == MAP_FAILED)
		return fail_errno("map %" PRIu64 " bytes of shared memory", len);
	err = save_all(v);
	munmap(v->at, len);
	return err;
}

static int save_pagemap(struct dump *d, const struct shmem *s, uint32_t pages_file)
{
	PagemapHead head = PAGEMAP_HEAD__INIT;
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_PAGEMAP_SHMEM, s->image_id);
	head.pages_id = pages_file;
	image_put(&o, &head.base);
	for (size_t i = 0; i < s->runs.n; i++) {
		PagemapEntry e = PAGEMAP_ENTRY__INIT;

		run_record(&e, s->runs.v[i].start, s->runs.v[i].len / PAGE_SIZE, PE_PRESENT);
		image_put(&o, &e.base);
	}
	return image_out_close(&o);
}

int shmem_save(struct dump *d, struct shmem *s, int fd)
{
	uint32_t pages_file = d->next_pages_id++;
	struct saving v = { .arena = &d->m.arena, .s = s, .file = fd };
	int err = file_sink_open(&v.sink, d->img_dir, pages_file), closed;

	if (err)
		return err;
	if (fd >= 0 && s->size)
		err = save_file(&v);
	d->stats.pages_written += v.offset / PAGE_SIZE;
	closed = v.sink.close(&v.sink, v.offset);
	return err ?: closed ?: save_pagemap(d, s, pages_file);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int load_entry(const struct image_in *in, struct shmem *s, const PagemapEntry *e, uint64_t *stored)
{
	uint64_t n = e->has_nr_pages ? e->nr_pages : e->compat_nr_pages, end = whole(s);
	const struct shmem_run *last = s->runs.n ? &s->runs.v[s->runs.n - 1] : NULL;
	struct shmem_run run = { .start = e->vaddr };

	if (e->in_parent || (e->has_flags && e->flags != PE_PRESENT && e->flags != (PE_PRESENT | PE_LAZY)))
		return image_bad(in, "flags 0x%x: incremental and lazy images of shared memory are not supported yet",
				 e->flags);
	if (run.start % PAGE_SIZE || !n || run.start >= end || n > (end - run.start) / PAGE_SIZE)
		return image_bad(in, "%" PRIu64 " pages at %" PRIu64 " of %" PRIu64 " bytes", n, run.start, s->size);
	if (last && run.start < last->start + last->len)
		return image_bad(in, "page %" PRIx64 " is out of order", run.start);
	run.len = n * PAGE_SIZE;
	*stored += run.len;
	vec_push(in->arena, &s->runs, run);
	return 0;
}

int shmem_load(struct arena *a, int img_dir, struct shmem *s)
{
	struct image_in in;
	PagemapHead *head;
	PagemapEntry *e;
	const void *map = NULL;
	uint64_t stored = 0;
	int got = image_in_open(&in, a, img_dir, IMG_PAGEMAP_SHMEM, s->image_id);

	/* Of what is empty other writers make none. */
	if (got < 0 || (!in.exists && !s->size))
		return got;
	got = image_next_as(&in, &pagemap_head__descriptor, &head);
	if (got <= 0)
		return got ? got : fail(EINVAL, "%s is missing or empty", in.name);
	while ((got = image_next(&in, &e)) > 0) {
		int err = load_entry(&in, s, e, &stored);

		if (err)
			return err;
	}
	if (!got)
		got = pages_map(img_dir, head->pages_id, stored, IMG_PAGEMAP_SHMEM, s->image_id, &map);
	s->contents = map;
	return got;
}

void shmem_fill(const struct shmem *s, char *at)
{
	const uint8_t *from = s->contents;

	for (size_t i = 0; i < s->runs.n; i++) {
		memcpy(at + s->runs.v[i].start, from, s->runs.v[i].len);
		from += s->runs.v[i].len;
	}
}

static int write_all(int fd, const uint8_t *from, uint64_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, from, min(len, (uint64_t)CHUNK), offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno("fill shared memory at %" PRIu64, offset);
		from += n;
		offset += n;
		len -= n;
	}
	return 0;
}

int shmem_write(const struct shmem *s, int fd)
{
	const uint8_t *from = s->contents;
	int err = 0;

	for (size_t i = 0; i < s->runs.n && !err; i++) {
		/* The last page may end behind the object. */
		const struct shmem_run *r = &s->runs.v[i];
		uint64_t room = s->size > r->start ? s->size - r->start : 0;

		err = write_all(fd, from, min(r->len, room), r->start);
		from += r->len;
	}
	return err;
}
