/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages are stored, and copying them: from made-up memory into made-up files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "mem/copy.h"
#include "mem/vmas.h"
#include "model/model.h"

#define P PAGE_SIZE
enum { N_PAGES = 20000 };

static struct arena arena;
static char *file;			/* what the sink got */
static uint64_t file_len;
static int fail_at = -1;		/* the write that fails */
static atomic_int n_writes;

/* Page n of the made-up memory holds n + 1 everywhere; every fifth one is zero. */
static uint64_t word_of(uint64_t addr)
{
	uint64_t n = addr / P;

	return n % 5 ? n + 1 : 0;
}

static int fake_read(const struct page_source *s, const struct iovec *ranges, unsigned int n, void *buf, size_t len)
{
	uint64_t *to = buf, *end = to + len / sizeof(*to);

	(void)s;
	for (unsigned int i = 0; i < n; i++)
		for (size_t at = 0; at < ranges[i].iov_len; at += sizeof(*to))
			*to++ = word_of((uintptr_t)ranges[i].iov_base + at);
	assert_ptr_equal(to, end);
	return 0;
}

static int fake_write(const struct page_sink *s, struct iovec *v, unsigned int n, uint64_t offset)
{
	(void)s;
	if (n_writes++ == fail_at)
		return -ENOSPC;
	for (; n; n--, v++) {
		memcpy(file + offset, v->iov_base, v->iov_len);
		offset += v->iov_len;
	}
	return 0;
}

static int n_open;

static void fake_source_close(struct page_source *s)
{
	(void)s;
	n_open--;
}

static uint64_t reserved, closed_at;

static void fake_reserve(const struct page_sink *s, uint64_t len)
{
	(void)s;
	assert_true(len > reserved);
	reserved = len;
}

static int fake_sink_close(struct page_sink *s, uint64_t len)
{
	(void)s;
	closed_at = len;
	return 0;
}

static int fake_open(struct copy_job *j, struct copy_item *it)
{
	(void)j;
	it->source = (struct page_source){ .read = fake_read, .close = fake_source_close };
	it->sink = (struct page_sink){ .write = fake_write, .reserve = fake_reserve, .close = fake_sink_close };
	n_open++;
	return 0;
}

static struct task *copied(struct page_plan *plan, struct page_checksum *sum, int expected)
{
	struct task *t = arena_new(&arena, struct task);
	struct copy_item it = { .task = t, .plan = plan };
	struct copy_job j = { .items = &it, .n_items = 1, .open = fake_open, .arena = &arena, .checksum = sum };

	for (size_t i = 0; i < plan->segs.n; i++)
		j.n_pages += plan->segs.v[i].n_pages;
	memset(file, 0, N_PAGES * P);
	reserved = closed_at = 0;
	assert_int_equal(copy_run(&j), expected);
	assert_int_equal(n_open, 0);
	file_len = it.offset;
	assert_int_equal(closed_at, file_len);
	return t;
}

static void seg(struct page_plan *p, uint64_t page, uint64_t n_pages, struct task *cow, bool keep_zeros)
{
	struct page_seg s = { .start = page * P, .n_pages = n_pages, .cow = cow, .keep_zeros = keep_zeros };

	vec_push(&arena, &p->segs, s);
}

/* Enough pages for every CPU to take part: the runs must be in order all the same, and lead to the right bytes. */
static void pages_of_many_threads_stay_in_order(void **state)
{
	struct page_plan plan = { 0 };
	uint64_t offset = 0, last = 0;
	struct task *t;

	(void)state;
	seg(&plan, 100, N_PAGES - 5000, NULL, false);
	for (unsigned int i = 0; i < 2000; i++)
		seg(&plan, 50000 + i * 3, 2, NULL, false);
	t = copied(&plan, NULL, 0);
	for (size_t i = 0; i < t->pages.runs.n; i++) {
		const struct page_run *r = &t->pages.runs.v[i];

		assert_true(r->start >= last);
		assert_int_equal(r->offset, offset);
		assert_int_equal(r->flags, PE_PRESENT);
		for (uint64_t k = 0; k < r->n_pages; k++, offset += P) {
			uint64_t *page = (uint64_t *)(file + offset);

			assert_true(word_of(r->start + k * P) != 0);
			assert_int_equal(page[0], word_of(r->start + k * P));
			assert_int_equal(page[P / 8 - 1], page[0]);
		}
		last = r->start + r->n_pages * P;
	}
	assert_int_equal(offset, file_len);
	/* Room for all that might come, but no more. */
	assert_in_range(reserved, file_len, (N_PAGES - 1000) * P);
	/* Every fifth page was zero. */
	assert_in_range(offset / P, (N_PAGES - 1000) * 4 / 5 - 2, (N_PAGES - 1000) * 4 / 5 + 2);
}

static void zeros_in_files_are_kept_and_shared_runs_cost_nothing(void **state)
{
	struct page_plan plan = { 0 };
	struct task holder = { 0 }, *t;

	(void)state;
	seg(&plan, 4, 3, NULL, true);
	seg(&plan, 7, 100, &holder, false);
	seg(&plan, 107, 2, NULL, false);
	t = copied(&plan, NULL, 0);
	assert_int_equal(t->pages.runs.n, 3);
	assert_int_equal(t->pages.runs.v[0].n_pages, 3);
	assert_int_equal(t->pages.runs.v[1].flags, PE_COW);
	assert_int_equal(t->pages.runs.v[1].n_pages, 100);
	assert_ptr_equal(t->pages.runs.v[1].cow, &holder);
	assert_int_equal(t->pages.runs.v[2].offset, 3 * P);
	assert_int_equal(file_len, 5 * P);
	assert_int_equal(reserved, 0);	/* not worth it */
}

static void count_page(void *state, uint64_t addr, const void *page)
{
	uint64_t *last = state;

	assert_true(addr > *last);
	assert_int_equal(*(const uint64_t *)page, word_of(addr));
	*last = addr;
}

static void a_checksum_sees_stored_pages_in_order(void **state)
{
	struct page_plan plan = { 0 };
	uint64_t last = 0;
	struct page_checksum sum = { .add = count_page, .state = &last };

	(void)state;
	seg(&plan, 1, 9000, NULL, false);
	copied(&plan, &sum, 0);
	assert_int_equal(last, 8999 * P);
}

static void a_full_disk_stops_everybody(void **state)
{
	struct page_plan plan = { 0 };

	(void)state;
	seg(&plan, 1, N_PAGES, NULL, false);
	fail_at = n_writes + 20;
	copied(&plan, NULL, -ENOSPC);
	fail_at = -1;
}

/* --- the plan ------------------------------------------------------------------------------------------------ */
static void only_pages_of_the_tasks_own_are_wanted(void **state)
{
	struct vma v[] = {
		{ .start = 10 * P, .end = 20 * P, .status = VMA_REGULAR | VMA_ANON_PRIVATE },
		{ .start = 20 * P, .end = 30 * P, .status = VMA_REGULAR | VMA_FILE_PRIVATE },
		{ .start = 30 * P, .end = 40 * P, .status = VMA_REGULAR | VMA_FILE_SHARED },
		{ .start = 50 * P, .end = 52 * P, .status = VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE },
		{ .start = 60 * P, .end = 61 * P, .status = VMA_REGULAR | VMA_ANON_PRIVATE, .vm_flags = 1U << VM_FLAG_DROPPABLE },
	};
	struct page_found f[] = {
		{ 11 * P, 12 * P, PAGE_CAT_PRESENT }, { 12 * P, 13 * P, PAGE_CAT_PRESENT | PAGE_CAT_ZERO },
		{ 13 * P, 14 * P, PAGE_CAT_SWAPPED }, { 14 * P, 15 * P, PAGE_CAT_SWAPPED | PAGE_CAT_GUARD },
		{ 18 * P, 22 * P, PAGE_CAT_PRESENT }, { 22 * P, 35 * P, PAGE_CAT_PRESENT | PAGE_CAT_FILE },
		{ 60 * P, 61 * P, PAGE_CAT_PRESENT },
	};
	static const uint64_t expected[][2] = { { 11, 1 }, { 13, 1 }, { 18, 2 }, { 20, 2 }, { 50, 2 }, { 60, 1 } };
	struct vma_list l = { .v = { v, 5, 5 }, .pages = { .v = { f, 7, 7 } } };
	struct page_plan p = { 0 }, plain = { 0 };

	(void)state;
	page_plan_make(&arena, &l, false, &p);
	assert_int_equal(p.segs.n, 6);
	for (size_t i = 0; i < p.segs.n; i++) {
		assert_int_equal(p.segs.v[i].start, expected[i][0] * P);
		assert_int_equal(p.segs.v[i].n_pages, expected[i][1]);
	}
	assert_false(p.segs.v[2].keep_zeros);
	assert_true(p.segs.v[3].keep_zeros);
	page_plan_make(&arena, &l, true, &plain);
	assert_int_equal(plain.segs.n, 5);
}

static void one_byte_makes_a_page_that_counts(void **state)
{
	static _Alignas(64) char page[4096];

	(void)state;
	assert_true(is_zero_page(page));
	for (size_t i = 0; i < sizeof(page); i += 585) {
		page[i] = 1;
		assert_false(is_zero_page(page));
		page[i] = 0;
	}
	page[4095] = 1;
	assert_false(is_zero_page(page));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_many_threads_stay_in_order),
		cmocka_unit_test(zeros_in_files_are_kept_and_shared_runs_cost_nothing),
		cmocka_unit_test(a_checksum_sees_stored_pages_in_order),
		cmocka_unit_test(a_full_disk_stops_everybody),
		cmocka_unit_test(only_pages_of_the_tasks_own_are_wanted),
		cmocka_unit_test(one_byte_makes_a_page_that_counts),
	};
	int failed;

	file = calloc(N_PAGES, P);
	if (!file)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	free(file);
	return failed;
}
