/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/pagemap.h: which pages of a process exist, and what they are */
#include <stdint.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "base/vec.h"

/* Categories of PAGEMAP_SCAN (linux/fs.h of 6.7 and later; the headers that we build with may be older). */
enum {
	PAGE_CAT_FILE = 1 << 2,		/* still the page of the mapped file, or of shared memory */
	PAGE_CAT_PRESENT = 1 << 3,
	PAGE_CAT_SWAPPED = 1 << 4,	/* also: guards and other markers */
	PAGE_CAT_ZERO = 1 << 5,		/* the kernel's zero page */
	PAGE_CAT_HUGE = 1 << 6,
	PAGE_CAT_GUARD = 1 << 8,	/* MADV_GUARD_INSTALL */
};

struct page_range {
	uint64_t start, end;
};

/* As the kernel fills it in. */
struct page_found {
	uint64_t start, end;
	uint64_t categories;
};

struct pages_found {
	VEC(struct page_found) v;	/* ascending */
};

/*
 * All pages of the ranges (ascending) that are present, swapped out or guarded; neighbours of the same categories
 * are one. May also tell of pages between the ranges. Below Linux 6.7 PAGE_CAT_ZERO and _HUGE never appear.
 * A question: reports nothing.
 */
int pagemap_find(pid_t pid_real, struct arena *a, const struct page_range *ranges, size_t n,
		 struct pages_found *ret) must_check;

/*
 * The same for the whole address space, whose mappings need not be known for that: up to PAGEMAP_SWEEP_END. -ENOTTY: this
 * kernel can only be asked for ranges.
 */
#define PAGEMAP_SWEEP_END	0x7ffffffff000ULL
int pagemap_sweep(pid_t pid_real, struct arena *a, struct pages_found *ret) must_check;

/* Words of /proc/PID/pagemap. PFNs are 0 without CAP_SYS_ADMIN. */
#define PAGEMAP_PRESENT		(1ULL << 63)
#define PAGEMAP_SWAPPED		(1ULL << 62)
#define PAGEMAP_FILE		(1ULL << 61)
#define PAGEMAP_GUARD		(1ULL << 58)
#define PAGEMAP_EXCLUSIVE	(1ULL << 56)	/* mapped nowhere else */
#define PAGEMAP_PFN(word)	((word) & ((1ULL << 55) - 1))

int pagemap_open(pid_t pid_real) must_check;
int pagemap_read(int fd, uint64_t addr, uint64_t *ret_words, size_t n) must_check;
uint64_t pagemap_categories(uint64_t word);
