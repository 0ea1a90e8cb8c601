/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory that has no descriptor in the tree, dumped by a user who may not follow /proc/PID/map_files: what the
 * stopped tasks see of it is read from them and put into a memfd, which is then saved in its place.
 *
 * A page that no task has in its page table may be one that was never there: to read it makes it, in the memory of the
 * target. The tasks have been asked (task/resident.c); where that tells nothing, only as many of those are read as are
 * no burden. The object is taken to end with the last mapping of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "mem/page_io.h"
#include "task/resident.h"
#include "mem/stand_in.h"
#include "mem/vmas.h"
#include "run/dump.h"

static const char prefix[] = "/memfd:", deleted[] = " (deleted)";
enum { BURDEN = 16 };			/* of the free memory */

/* What is known of a page. */
enum { PAGE_UNMAPPED, PAGE_HOLE, PAGE_MAPPED, PAGE_PRESENT, PAGE_COPIED };

struct stand_in {
	const struct vma *like;
	uint64_t n_pages;
	uint8_t *pages;
	int fd;
};

bool is_memory_alone(const struct vma *v)
{
	return streq(v->path, "/dev/zero (deleted)") || has_prefix(v->path, prefix);
}

static bool is_same(const struct vma *a, const struct vma *b)
{
	return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

static int each_mapping(struct dump *d, struct stand_in *s,
			int (*visit)(struct stand_in *s, const struct task *t, const struct vma *v))
{
	int err = 0;

	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct vma_list *l = d->m.tasks.v[i]->dump->vmas;

		for (size_t n = 0; n < l->v.n && !err; n++)
			if (is_same(&l->v.v[n], s->like))
				err = visit(s, d->m.tasks.v[i], &l->v.v[n]);
	}
	return err;
}

static int measure(struct stand_in *s, const struct task *t not_used, const struct vma *v)
{
	s->n_pages = max(s->n_pages, (v->pgoff + (v->end - v->start)) / PAGE_SIZE);
	return 0;
}

static uint8_t *page_at(const struct stand_in *s, const struct vma *v, uint64_t addr)
{
	return &s->pages[(v->pgoff + (addr - v->start)) / PAGE_SIZE];
}

static int mark(struct stand_in *s, const struct task *t, const struct vma *v)
{
	const struct pages_found *found = &t->dump->vmas->pages;
	const uint8_t *resident = resident_pages(t, v);

	for (uint64_t at = v->start; at < v->end; at += PAGE_SIZE) {
		uint8_t state = !resident ? PAGE_MAPPED :
				resident[(at - v->start) / PAGE_SIZE] & 1 ? PAGE_PRESENT : PAGE_HOLE;

		*page_at(s, v, at) = max(*page_at(s, v, at), state);
	}
	for (size_t i = 0; i < found->v.n; i++) {
		const struct page_found *f = &found->v.v[i];

		if (f->categories & (PAGE_CAT_PRESENT | PAGE_CAT_SWAPPED) && !(f->categories & PAGE_CAT_GUARD))
			for (uint64_t at = max(f->start, v->start); at < min(f->end, v->end); at += PAGE_SIZE)
				*page_at(s, v, at) = PAGE_PRESENT;
	}
	return 0;
}

static bool is_burden(const struct stand_in *s)
{
	struct sysinfo info;
	uint64_t n = 0;

	for (uint64_t i = 0; i < s->n_pages; i++)
		n += s->pages[i] == PAGE_MAPPED;
	return sysinfo(&info) < 0 || n * PAGE_SIZE > (uint64_t)info.freeram * info.mem_unit / BURDEN;
}

/* Behind the end of the object, and at guards, there is nothing to be read: that stays a hole. */
static int copy_mapping(struct stand_in *s, const struct task *t, const struct vma *v)
{
	char path[40], page[PAGE_SIZE];
	auto_fd int mem = -1;

	snprintf(path, sizeof(path), "/proc/%d/mem", leader(t)->pid_real);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (mem < 0)
		return fail_errno("open %s", path);
	for (uint64_t at = v->start; at < v->end; at += PAGE_SIZE) {
		uint64_t offset = v->pgoff + (at - v->start);

		if (*page_at(s, v, at) == PAGE_COPIED || *page_at(s, v, at) == PAGE_HOLE ||
		    pread(mem, page, PAGE_SIZE, at) != PAGE_SIZE)
			continue;
		*page_at(s, v, at) = PAGE_COPIED;
		if (!is_zero_page(page) && pwrite(s->fd, page, PAGE_SIZE, offset) != PAGE_SIZE)
			return fail_errno("copy shared memory at %" PRIu64, offset);
	}
	return 0;
}

static int make_memfd(struct stand_in *s)
{
	const char *from = s->like->path + (has_prefix(s->like->path, prefix) ? strlen(prefix) : 0);
	char name[NAME_MAX];
	size_t len = strlen(from), tail = strlen(deleted);

	if (len >= tail && streq(from + len - tail, deleted))
		len -= tail;
	snprintf(name, sizeof(name), "%.*s", (int)min(len, sizeof(name) - 1), from);
	s->fd = memfd_create(name, MFD_CLOEXEC);
	return s->fd < 0 ? fail_errno("memfd_create \"%s\"", name) : 0;
}

/* The object ends behind the last page that could be read; one before that which could not is a loss. */
static int set_size(struct dump *d, struct stand_in *s)
{
	while (s->n_pages && (s->pages[s->n_pages - 1] == PAGE_MAPPED || s->pages[s->n_pages - 1] == PAGE_PRESENT))
		s->n_pages--;
	for (uint64_t i = 0; i < s->n_pages; i++) {
		if (s->pages[i] != PAGE_MAPPED && s->pages[i] != PAGE_PRESENT)
			continue;
		refuse(&d->refusals, REFUSE_VMA_UNREACHABLE, "mapping %" PRIx64 "-%" PRIx64 " %s: page %" PRIu64 " of it "
		       "cannot be read (a guard?)", s->like->start, s->like->end, s->like->path, i);
		break;
	}
	return ftruncate(s->fd, s->n_pages * PAGE_SIZE) < 0 ? fail_errno("set the size of shared memory") : 0;
}

static int fill(struct dump *d, struct stand_in *s)
{
	int err = each_mapping(d, s, mark);

	if (!err && is_burden(s)) {
		refuse(&d->refusals, REFUSE_VMA_UNREACHABLE, "mapping %" PRIx64 "-%" PRIx64 " %s: %" PRIu64 " pages of "
		       "memory, too many of them untouched: to read those would make them", s->like->start,
		       s->like->end, s->like->path, s->n_pages);
		return 0;
	}
	if (!err)
		err = make_memfd(s);
	if (!err)
		err = each_mapping(d, s, copy_mapping);
	return err ?: set_size(d, s);
}

int stand_in_make(struct dump *d, const struct vma *v, int *ret_fd)
{
	struct stand_in s = { .like = v, .fd = -1 };
	int err = each_mapping(d, &s, measure);

	s.pages = calloc(s.n_pages + 1, 1);
	if (!s.pages)
		err = fail(ENOMEM, "no memory for %" PRIu64 " pages of shared memory", s.n_pages);
	if (!err)
		err = fill(d, &s);
	free(s.pages);
	if (err)
		own_close_fd(&s.fd);
	*ret_fd = err ? -1 : s.fd;
	return err;
}
