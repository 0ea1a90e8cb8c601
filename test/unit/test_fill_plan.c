/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mappings are filled from outside, and which are made in one piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include "mem/fill_plan.h"
#include "mem/vmas.h"
#include "model/model.h"

#define P ((uint64_t)PAGE_SIZE)
enum { RW = PROT_READ | PROT_WRITE, MAX_MAPS = 8 };
static struct model m;

/* Mappings that touch, from BASE on; pages: of each, from its start. */
static const uint64_t BASE = 0x100000;
struct map {
	unsigned int n_pages, prot, pages, flags, madv;
};

static struct task *new_task(const struct map *maps, size_t n)
{
	struct task *t = arena_new(&m.arena, struct task);
	uint64_t at = BASE;

	t->mm = arena_msg(&m.arena, MmEntry, mm_entry__init);
	for (size_t i = 0; i < n; i++) {
		VmaEntry *v = arena_msg(&m.arena, VmaEntry, vma_entry__init);
		struct page_run run = { .start = at, .n_pages = maps[i].pages };

		v->start = at;
		v->end = at += maps[i].n_pages * P;
		v->prot = maps[i].prot;
		v->status = VMA_REGULAR | VMA_ANON_PRIVATE;
		v->flags = VMA_MAP_PRIVATE | VMA_MAP_ANONYMOUS | maps[i].flags;
		v->madv = maps[i].madv;
		pb_push(&m.arena, t->mm->vmas, t->mm->n_vmas, v);
		if (run.n_pages)
			vec_push(&m.arena, &t->pages.runs, run);
	}
	return t;
}

static struct fill_how *plan(struct task *t)
{
	static const bool none[MAX_MAPS];

	return fill_plan(&m.arena, t, none);
}

static void small_ones_that_touch_are_one_piece(void **state)
{
	static const struct map maps[] = { { 6, RW, 6 }, { 6, PROT_READ, 6 }, { 6, RW, 0 }, { 6, PROT_NONE, 1 } };
	struct fill_how *how = plan(new_task(maps, 4));

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_true(how[i].is_outside);
		assert_true(how[i].is_joined);
		assert_int_equal(how[i].piece_end, BASE + 24 * P);
	}
	assert_int_equal(how[3].n_pages, 1);
	assert_int_equal(how[2].n_pages, 0);
}

static void too_small_together_stay_inside(void **state)
{
	static const struct map maps[] = { { 6, RW, 6 }, { 6, PROT_READ, 6 } };
	struct fill_how *how = plan(new_task(maps, 2));

	(void)state;
	assert_false(how[0].is_outside || how[0].is_joined || how[1].is_outside);
	assert_int_equal(how[0].piece_end, BASE + 6 * P);
}

static void what_tells_mappings_apart_ends_a_piece(void **state)
{
	static const struct map others[] = {
		{ 20, RW | PROT_EXEC, 20 },
		{ 20, PROT_READ, 0 },			/* never writable: must not be counted as if it were */
		{ 20, RW, 20, VMA_MAP_NORESERVE },
		{ 20, RW, 20, VMA_MAP_GROWSDOWN },
		{ 20, RW, 20, 0, 1 << MADV_NOHUGEPAGE },
	};

	(void)state;
	for (size_t i = 0; i < array_size(others); i++) {
		const struct map maps[] = { { 20, RW, 20 }, others[i], { 20, RW, 20 } };
		struct fill_how *how = plan(new_task(maps, 3));

		for (size_t k = 0; k < 3; k++)
			assert_false(how[k].is_joined);
		assert_int_equal(how[0].piece_end, BASE + 20 * P);
		assert_true(how[0].is_outside && how[2].is_outside);
	}
}

static void memory_made_before_the_fork_is_left_alone(void **state)
{
	static const struct map maps[] = { { 20, RW, 20 }, { 20, RW, 20 }, { 20, PROT_READ, 20 } };
	static const bool premapped[] = { false, true, false };
	struct fill_how *how = fill_plan(&m.arena, new_task(maps, 3), premapped);

	(void)state;
	assert_true(how[0].is_outside && how[2].is_outside);
	assert_false(how[1].is_outside || how[0].is_joined || how[2].is_joined);
}

static void a_userfaultfd_is_for_many_pages(void **state)
{
	static const struct map few[] = { { 600, RW, 300 }, { 4, RW, 4, VMA_MAP_GROWSDOWN } };
	static const struct map many[] = { { 600, RW, 600 } };
	struct task *t = new_task(few, 2), *u = new_task(many, 1);

	(void)state;
	assert_false(fill_needs_uffd(t, plan(t)));
	assert_true(fill_needs_uffd(u, plan(u)));
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(small_ones_that_touch_are_one_piece),
		TEST(too_small_together_stay_inside),
		TEST(what_tells_mappings_apart_ends_a_piece),
		TEST(memory_made_before_the_fork_is_left_alone),
		TEST(a_userfaultfd_is_for_many_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
