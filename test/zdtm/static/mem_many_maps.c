// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thousands of small mappings that touch, each with pages of its own: of alternating protection only, and of every sort
 * that must not be made in one piece with its neighbours.
 */
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096, N = 2000, SORT_PAGES = 4, N_SORTS = 9, N_SORTED = 45 * N_SORTS };

static int alternating(int i)
{
	return i % 2 ? PROT_READ : i % 3 ? PROT_READ | PROT_WRITE : PROT_NONE;
}

static char *map(size_t len)
{
	char *area = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	SETUP(area != MAP_FAILED);
	return area;
}

/* What sort i of a mapping is made of, after it is filled; one that has no pages is not. */
static const struct sort {
	int prot, flags, advice;
	bool is_empty;
} sorts[N_SORTS] = {
	{ .prot = PROT_READ | PROT_WRITE },
	{ .prot = PROT_READ },
	{ .prot = PROT_READ | PROT_WRITE | PROT_EXEC },
	{ .prot = PROT_READ | PROT_EXEC },
	{ .prot = PROT_NONE, .is_empty = true },
	{ .prot = PROT_READ, .is_empty = true },
	{ .prot = PROT_READ | PROT_WRITE, .is_empty = true },
	{ .prot = PROT_READ | PROT_WRITE, .flags = MAP_NORESERVE },
	{ .prot = PROT_READ, .advice = MADV_DONTFORK },
};

static void make_sorted(char *area)
{
	for (int i = 0; i < N_SORTED; i++) {
		const struct sort *s = &sorts[i % N_SORTS];
		size_t len = SORT_PAGES * PAGE;
		char *at = area + i * len;

		SETUP(mmap(at, len, s->is_empty ? s->prot : PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | s->flags, -1, 0) == at);
		if (!s->is_empty)
			zt_fill(at, len, N + i);
		SETUP(mprotect(at, len, s->prot) == 0);
		SETUP(!s->advice || madvise(at, len, s->advice) == 0);
	}
}

static void check_sorted(char *area)
{
	for (int i = 0; i < N_SORTED; i++) {
		const struct sort *s = &sorts[i % N_SORTS];
		size_t len = SORT_PAGES * PAGE;
		char *at = area + i * len;

		CHECK(mprotect(at, len, PROT_READ) == 0, "mprotect");
		if (!s->is_empty)
			CHECK(zt_is_filled(at, len, N + i), "mapping %d of sort %d", i, i % N_SORTS);
		for (size_t k = 0; s->is_empty && k < len; k++)
			CHECK(!at[k], "mapping %d of sort %d is not empty", i, i % N_SORTS);
	}
}

int main(void)
{
	char *area, *sorted;

	zt_init();
	area = map((size_t)N * PAGE);
	for (int i = 0; i < N; i++) {
		zt_fill(area + (size_t)i * PAGE, PAGE, (uint64_t)i);
		SETUP(mprotect(area + (size_t)i * PAGE, PAGE, alternating(i)) == 0);
	}
	sorted = map((size_t)N_SORTED * SORT_PAGES * PAGE);
	make_sorted(sorted);
	zt_checkpoint();

	CHECK(mprotect(area, (size_t)N * PAGE, PROT_READ) == 0, "mprotect");
	for (int i = 0; i < N; i++)
		CHECK(zt_is_filled(area + (size_t)i * PAGE, PAGE, (uint64_t)i), "mapping %d", i);
	check_sorted(sorted);
	return zt_result();
}
