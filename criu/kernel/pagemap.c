/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAGEMAP_SCAN in one sweep over the address space; /proc/PID/pagemap, word by word, where that is missing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "base/own.h"
#include "kernel/pagemap.h"

struct scan_arg {			/* struct pm_scan_arg of linux/fs.h */
	uint64_t size, flags;
	uint64_t start, end, walk_end;
	uint64_t vec, vec_len;
	uint64_t max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

/*
 * The kernel collects 512 regions before it copies them out; with a longer vector the walk_end of 6.18 is that of
 * the last copy, not of the last region, and resuming there would give regions twice.
 */
enum { SCAN_VEC = 512, READ_WORDS = 4096 };

static void add(struct arena *a, struct pages_found *f, uint64_t start, uint64_t end, uint64_t categories)
{
	struct page_found *last = f->v.n ? &f->v.v[f->v.n - 1] : NULL;
	struct page_found found = { start, end, categories };

	if (last && last->end == start && last->categories == categories)
		last->end = end;
	else
		vec_push(a, &f->v, found);
}

static int scan(int fd, struct arena *a, uint64_t start, uint64_t end, uint64_t guard, struct pages_found *ret)
{
	struct page_found vec[SCAN_VEC];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.end = end,
		.vec = (uintptr_t)vec,
		.vec_len = SCAN_VEC,
		.category_anyof_mask = PAGE_CAT_PRESENT | PAGE_CAT_SWAPPED | guard,
		.return_mask = PAGE_CAT_FILE | PAGE_CAT_PRESENT | PAGE_CAT_SWAPPED | PAGE_CAT_ZERO | guard,
	};

	for (arg.start = start; arg.start < end; arg.start = arg.walk_end) {
		int n = ioctl(fd, SCAN_IOCTL, &arg);

		if (n < 0)
			return -errno;
		for (int i = 0; i < n; i++)
			add(a, ret, vec[i].start, vec[i].end, vec[i].categories);
		if (arg.walk_end <= arg.start)
			return -EIO;
	}
	return 0;
}

uint64_t pagemap_categories(uint64_t word)
{
	return (word & PAGEMAP_PRESENT ? PAGE_CAT_PRESENT : 0) | (word & PAGEMAP_SWAPPED ? PAGE_CAT_SWAPPED : 0) |
	       (word & PAGEMAP_FILE ? PAGE_CAT_FILE : 0) | (word & PAGEMAP_GUARD ? PAGE_CAT_GUARD : 0);
}

static int read_words(int fd, struct arena *a, const struct page_range *r, struct pages_found *ret)
{
	uint64_t words[READ_WORDS];

	for (uint64_t at = r->start; at < r->end;) {
		size_t n = min((r->end - at) / PAGE_SIZE, (uint64_t)READ_WORDS);
		int err = pagemap_read(fd, at, words, n);

		if (err)
			return err;
		for (size_t i = 0; i < n; i++, at += PAGE_SIZE)
			if (words[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED))
				add(a, ret, at, at + PAGE_SIZE, pagemap_categories(words[i]));
	}
	return 0;
}

static int sweep(int fd, struct arena *a, uint64_t start, uint64_t end, struct pages_found *ret)
{
	int err = scan(fd, a, start, end, PAGE_CAT_GUARD, ret);

	if (err == -EINVAL)		/* before 6.15 there is no such category */
		err = scan(fd, a, start, end, 0, ret);
	return err == -EINVAL ? -ENOTTY : err;
}

int pagemap_sweep(pid_t pid_real, struct arena *a, struct pages_found *ret)
{
	auto_fd int fd = pagemap_open(pid_real);

	return fd < 0 ? fd : sweep(fd, a, 0, PAGEMAP_SWEEP_END, ret);
}

int pagemap_find(pid_t pid_real, struct arena *a, const struct page_range *ranges, size_t n, struct pages_found *ret)
{
	auto_fd int fd = pagemap_open(pid_real);
	int err;

	if (fd < 0 || !n)
		return fd < 0 ? fd : 0;
	err = sweep(fd, a, ranges[0].start, ranges[n - 1].end, ret);
	if (err != -ENOTTY)
		return err;
	for (err = 0; n && !err; n--, ranges++)
		err = read_words(fd, a, ranges, ret);
	return err;
}

int pagemap_open(pid_t pid_real)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid_real);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pagemap_read(int fd, uint64_t addr, uint64_t *ret_words, size_t n)
{
	ssize_t got = pread(fd, ret_words, n * sizeof(*ret_words), addr / PAGE_SIZE * sizeof(*ret_words));

	if (got < 0)
		return -errno;
	return (size_t)got == n * sizeof(*ret_words) ? 0 : -EIO;
}
