/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plain source and sink of pages: another process's memory, and a file of the image directory. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/own.h"
#include "image/ahead.h"
#include "image/dir.h"
#include "kernel/pagemap.h"
#include "mem/page_io.h"

static int read_by_mem_file(const struct page_source *s, uint64_t addr, char *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = pread(s->mem, buf + done, len - done, addr + done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_errno("cannot read memory of process %d at %" PRIx64, s->pid, addr + done);
		done += got;
	}
	return 0;
}

/* What process_vm_readv may not touch (no PROT_READ), a tracer may read here; and it leaves shared pages shared. */
static int read_ranges_by_mem_file(const struct page_source *s, const struct iovec *ranges, unsigned int n, void *buf,
				   size_t len not_used)
{
	char *to = buf;

	for (unsigned int i = 0; i < n; i++) {
		int err = read_by_mem_file(s, (uintptr_t)ranges[i].iov_base, to, ranges[i].iov_len);

		if (err)
			return err;
		to += ranges[i].iov_len;
	}
	return 0;
}

static int process_read(const struct page_source *s, const struct iovec *ranges, unsigned int n, void *buf, size_t len)
{
	struct iovec here = { buf, len };
	ssize_t got = process_vm_readv(s->pid, &here, 1, ranges, n, 0);

	if (got == (ssize_t)len)
		return 0;
	if (got < 0 && errno == ESRCH)
		return fail_errno("process %d has died", s->pid);
	/* It stopped at the first page that it may not read: which one does not matter, such chunks are rare. */
	return read_ranges_by_mem_file(s, ranges, n, buf, len);
}

/*
 * Does nobody else have these pages? Then there is nothing to unshare, and they may be pinned. All tasks are stopped, so
 * none of them can fork meanwhile. Ranges that are far apart are not worth the question.
 */
static bool are_exclusive(const struct page_source *s, const struct iovec *ranges, unsigned int n)
{
	const uint64_t wanted = PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE;
	uint64_t words[512], first = (uintptr_t)ranges[0].iov_base;
	uint64_t end = (uintptr_t)ranges[n - 1].iov_base + ranges[n - 1].iov_len;

	if (s->pagemap < 0 || end - first > array_size(words) * PAGE_SIZE ||
	    pagemap_read(s->pagemap, first, words, (end - first) / PAGE_SIZE) < 0)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		size_t at = ((uintptr_t)ranges[i].iov_base - first) / PAGE_SIZE;

		for (size_t k = 0; k < ranges[i].iov_len / PAGE_SIZE; k++)
			if ((words[at + k] & wanted) != wanted)
				return false;
	}
	return true;
}

static int shared_read(const struct page_source *s, const struct iovec *ranges, unsigned int n, void *buf, size_t len)
{
	if (are_exclusive(s, ranges, n))
		return process_read(s, ranges, n, buf, len);
	return read_ranges_by_mem_file(s, ranges, n, buf, len);
}

static void process_close(struct page_source *s)
{
	own_close_fd(&s->mem);
	own_close_fd(&s->pagemap);
}

int process_source_open(struct page_source *s, pid_t pid_real, bool keeps_sharing)
{
	char path[40];

	*s = (struct page_source){
		.read = process_read, .close = process_close, .pid = pid_real, .mem = -1, .pagemap = -1,
	};
	snprintf(path, sizeof(path), "/proc/%d/mem", pid_real);
	s->mem = open(path, O_RDONLY | O_CLOEXEC);
	if (s->mem < 0)
		return fail_errno("cannot open %s", path);
	if (!keeps_sharing)
		return 0;
	s->read = shared_read;
	s->pagemap = pagemap_open(pid_real);	/* without it every page counts as shared */
	return 0;
}

static int file_write(const struct page_sink *s, struct iovec *v, unsigned int n, uint64_t offset)
{
	while (n) {
		ssize_t put = pwritev(s->fd, v, n, offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_errno("cannot write %s", s->name);
		if (!put)
			return fail(ENOSPC, "cannot write %s: the file takes no more", s->name);
		offset += put;
		while (n && (size_t)put >= v->iov_len) {
			put -= v->iov_len;
			v++;
			n--;
		}
		if (n) {
			v->iov_base = (char *)v->iov_base + put;
			v->iov_len -= put;
		}
	}
	return 0;
}

/*
 * Writing to blocks that exist already takes ext4 two thirds of the time: no reservation and no new size with every
 * write. So the inode's lock is held for less than reading the next piece takes, and two threads hardly meet at it.
 * File systems that cannot, or have no room, say so; then the writes find out.
 */
static void file_reserve(const struct page_sink *s, uint64_t len)
{
	fallocate(s->fd, 0, 0, len);
}

static int file_close(struct page_sink *s, uint64_t len)
{
	auto_fd int fd = take_fd(&s->fd);
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno("cannot look at %s", s->name);
	/* Zeros were not stored: there was more room than needed. */
	if ((uint64_t)st.st_size > len && ftruncate(fd, len) < 0)
		return fail_errno("cannot cut %s to %" PRIu64 " bytes", s->name, len);
	return 0;
}

int file_sink_open(struct page_sink *s, int dir, uint32_t pages_id)
{
	*s = (struct page_sink){ .write = file_write, .reserve = file_reserve, .close = file_close };
	if (image_name(IMG_PAGES, pages_id, s->name, sizeof(s->name)) < 0)
		return fail(ENAMETOOLONG, "pages file %u has no name", pages_id);
	s->fd = image_create(dir, s->name);
	return s->fd < 0 ? s->fd : 0;
}

bool is_zero_page(const void *page)
{
	const uint64_t *w = page;

	/* The first word tells for nearly every page; comparing the page with itself, shifted, for the rest. */
	return !w[0] && !memcmp(w, w + 1, PAGE_SIZE - sizeof(*w));
}
