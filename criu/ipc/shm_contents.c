/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in System V segments: pagemap-shmem-ID.img and a pages file. Of a segment only pages that exist are looked
 * at, so that reading it gives it no others.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/shm.h"
#include "mem/page_io.h"
#include "run/dump.h"
#include "run/restore.h"

enum { CHUNK = 1 << 18 };

/* A segment being saved, attached in the tool. */
struct saving {
	struct arena *arena;
	struct ipc_segment *s;
	char *at;
	int file;			/* the same as a file */
	uint64_t size;			/* in whole pages */
	bool is_huge;
	char *buf;			/* for huge pages: a read of their file gives holes no page, an access would */
	struct page_sink sink;
	uint64_t offset;
};

static uint64_t pages_id(const IpcShmEntry *e)
{
	return e->has_pages_id ? e->pages_id : e->desc->id;
}

static uint64_t whole(const IpcShmEntry *e)
{
	return align_up(e->size, (uint64_t)PAGE_SIZE);
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int open_file(struct saving *v)
{
	struct statfs fs;
	struct stat st;
	char path[96];

	/* The mapping of huge pages ends with one of them. */
	for (uint64_t size = whole(v->s->entry), unit = PAGE_SIZE; v->file < 0 && unit <= 1ULL << 34; unit *= 2) {
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)v->at,
			 (unsigned long)(v->at + align_up(size, unit)));
		v->file = open(path, O_RDONLY | O_CLOEXEC);
		if (v->file < 0 && errno != ENOENT)
			break;
	}
	if (v->file < 0)
		return fail_errno("open the file of the segment, %s (needs CAP_CHECKPOINT_RESTORE)", path);
	if (fstatfs(v->file, &fs) < 0 || fstat(v->file, &st) < 0)
		return fail_errno("look at the file of the segment");
	v->size = align_up((uint64_t)st.st_size, (uint64_t)PAGE_SIZE);
	v->is_huge = fs.f_type == HUGETLBFS_MAGIC;
	if (v->is_huge) {
		v->s->entry->has_hugetlb_flag = true;
		v->s->entry->hugetlb_flag = SHM_HUGETLB | __builtin_ctzl(fs.f_bsize) << MAP_HUGE_SHIFT;
	}
	return 0;
}

static int write_run(struct saving *v, const char *data, uint64_t start, uint64_t len)
{
	struct ipc_run run = { start, len }, *last = v->s->runs.n ? &v->s->runs.v[v->s->runs.n - 1] : NULL;
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

		if (v->is_huge && pread(v->file, v->buf, len, at) != (ssize_t)len)
			return fail_errno("read %zu bytes at %" PRIu64, len, at);
		err = save_piece(v, v->is_huge ? v->buf : v->at + at, at, len);
	}
	return err;
}

static int save_all(struct saving *v)
{
	uint64_t end = v->size;
	int err = 0;

	if (v->is_huge) {
		v->buf = arena_alloc(v->arena, CHUNK);
		return save_range(v, 0, end);
	}
	for (uint64_t at = 0; at < end && !err;) {
		off_t data = lseek(v->file, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return 0;
		hole = data < 0 ? -1 : lseek(v->file, data, SEEK_HOLE);
		if (hole < 0)
			return fail_errno("look for data behind %" PRIu64, at);
		at = align_up((uint64_t)hole, (uint64_t)PAGE_SIZE);
		err = save_range(v, data, at);
	}
	return err;
}

static int save_pagemap(struct dump *d, const struct ipc_segment *s, uint32_t pages_file)
{
	PagemapHead head = PAGEMAP_HEAD__INIT;
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_PAGEMAP_SHMEM, pages_id(s->entry));
	head.pages_id = pages_file;
	image_put(&o, &head.base);
	for (size_t i = 0; i < s->runs.n; i++) {
		PagemapEntry e = PAGEMAP_ENTRY__INIT;

		e.vaddr = s->runs.v[i].start;
		e.has_nr_pages = e.has_flags = true;
		e.nr_pages = s->runs.v[i].len / PAGE_SIZE;
		/* Readers from before the 64-bit field, such as CRIU 4.1, know this one only. */
		e.compat_nr_pages = e.nr_pages <= UINT32_MAX ? e.nr_pages : 0;
		e.flags = PE_PRESENT;
		image_put(&o, &e.base);
	}
	return image_out_close(&o);
}

static int save_attached(struct saving *v)
{
	int err = open_file(v);

	if (!err)
		err = save_all(v);
	own_close_fd(&v->file);
	return err;
}

int ipc_shm_save_contents(struct dump *d, struct ipc_segment *s)
{
	uint32_t pages_file = d->next_pages_id++;
	struct saving v = { .arena = &d->m.arena, .s = s, .file = -1 };
	int err = file_sink_open(&v.sink, d->img_dir, pages_file), closed;

	if (err)
		return err;
	if (!s->is_untouched) {
		v.at = shmat(s->entry->desc->id, NULL, SHM_RDONLY);
		err = v.at == (void *)-1 ? fail_errno("attach it") : save_attached(&v);
		if (v.at != (void *)-1 && shmdt(v.at) < 0)
			err = err ?: fail_errno("detach it");
	}
	closed = v.sink.close(&v.sink, v.offset);
	return err ?: closed ?: save_pagemap(d, s, pages_file);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int load_entry(const struct image_in *in, struct ipc_segment *s, const PagemapEntry *e, uint64_t *stored)
{
	uint64_t n = e->has_nr_pages ? e->nr_pages : e->compat_nr_pages, end = whole(s->entry);
	const struct ipc_run *last = s->runs.n ? &s->runs.v[s->runs.n - 1] : NULL;
	struct ipc_run run = { .start = e->vaddr };

	if (e->in_parent || (e->has_flags && e->flags != PE_PRESENT && e->flags != (PE_PRESENT | PE_LAZY)))
		return image_bad(in, "flags 0x%x: incremental and lazy images of segments are not supported yet",
				 e->flags);
	/* Huge pages are more than the size says. */
	if (s->entry->hugetlb_flag)
		end = align_up(end, 1ULL << (s->entry->hugetlb_flag >> MAP_HUGE_SHIFT & MAP_HUGE_MASK));
	if (run.start % PAGE_SIZE || !n || run.start >= end || n > (end - run.start) / PAGE_SIZE)
		return image_bad(in, "%" PRIu64 " pages at %" PRIu64 " of %" PRIu64 " bytes", n, run.start,
				 s->entry->size);
	if (last && run.start < last->start + last->len)
		return image_bad(in, "page %" PRIx64 " is out of order", run.start);
	run.len = n * PAGE_SIZE;
	*stored += run.len;
	vec_push(in->arena, &s->runs, run);
	return 0;
}

/* Mapped, not read: the task that fills the segment inherits the mapping. */
static int map_pages(struct restore *r, struct ipc_segment *s, uint32_t pages_file, uint64_t expected)
{
	char name[64];
	auto_fd int fd = -1;
	struct stat st;
	void *map;

	if (!expected)
		return 0;
	image_name(IMG_PAGES, pages_file, name, sizeof(name));
	fd = openat(r->img_dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno("open %s", name);
	if (!S_ISREG(st.st_mode))
		return fail(EINVAL, "%s is not a regular file", name);
	if ((uint64_t)st.st_size < expected)
		return fail(EINVAL, "%s is truncated: %" PRIu64 " bytes, pagemap-shmem-%" PRIu64 ".img says %" PRIu64,
			    name, (uint64_t)st.st_size, pages_id(s->entry), expected);
	map = mmap(NULL, expected, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return fail_errno("map %s", name);
	s->contents = map;
	return 0;
}

int ipc_shm_load_contents(struct restore *r, struct ipc_segment *s)
{
	struct image_in in;
	PagemapHead *head;
	PagemapEntry *e;
	uint64_t stored = 0;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_PAGEMAP_SHMEM, pages_id(s->entry));

	if (got < 0)
		return got;
	got = image_next_as(&in, &pagemap_head__descriptor, &head);
	if (got <= 0)
		return got ? got : fail(EINVAL, "%s is missing or empty", in.name);
	while ((got = image_next(&in, &e)) > 0) {
		int err = load_entry(&in, s, e, &stored);

		if (err)
			return err;
	}
	return got ? got : map_pages(r, s, head->pages_id, stored);
}

int ipc_shm_fill(const struct ipc_segment *s)
{
	char *at = shmat(s->entry->desc->id, NULL, 0);
	const uint8_t *from = s->contents;

	if (at == (void *)-1)
		return fail_errno("attach it");
	for (size_t i = 0; i < s->runs.n; i++) {
		memcpy(at + s->runs.v[i].start, from, s->runs.v[i].len);
		from += s->runs.v[i].len;
	}
	return shmdt(at) < 0 ? fail_errno("detach it") : 0;
}
