/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops whose turns are taken by several threads, and the memory that comes out of them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail
#include "base/log.h"
#include "base/parallel.h"

enum { N = 400 };

struct item {
	atomic_int n_visits;
	char *text;
};

static int visit(void *arg, size_t i, struct arena *a)
{
	struct item *item = (struct item *)arg + i;

	item->n_visits++;
	item->text = arena_printf(a, "item %zu of %d", i, N);
	usleep(10);			/* so that the others get a turn */
	return 0;
}

static void each_item_has_its_turn_once_and_keeps_its_memory(void **state)
{
	static struct item items[N];
	struct arena arena = { 0 };
	const struct parallel p = { .n = N, .grain = 1, .work = visit, .arg = items, .arena = &arena };
	char *before = arena_strdup(&arena, "before");

	(void)state;
	assert_int_equal(parallel_run(&p), 0);
	for (int i = 0; i < N; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "item %d of %d", i, N);
		assert_int_equal(items[i].n_visits, 1);
		assert_string_equal(items[i].text, expected);
	}
	/* The arena goes on where it was. */
	assert_string_equal(arena_strdup(&arena, "after"), "after");
	assert_string_equal(before, "before");
	arena_free(&arena);
}

static int fail_at_7(void *arg, size_t i, struct arena *a)
{
	char text[64];

	(void)a;
	log_scopes_text(text, sizeof(text));
	if (strcmp(text, "outer 5"))
		return -EPROTO;
	atomic_fetch_add((atomic_int *)arg, 1);
	return i == 7 ? -ENOSPC : 0;
}

static void a_failure_ends_the_loop_in_the_scope_of_the_caller(void **state)
{
	struct arena arena = { 0 };
	atomic_int n = 0;
	const struct parallel p = { .n = 100000, .grain = 1, .work = fail_at_7, .arg = &n, .arena = &arena };

	(void)state;
	IN_SCOPE("outer", 5);
	assert_int_equal(parallel_run(&p), -ENOSPC);
	assert_true(n < 100000);
	arena_free(&arena);
}

static void an_arena_takes_over_another(void **state)
{
	struct arena a = { 0 }, b = { 0 };
	char *s = arena_strdup(&b, "of b");

	(void)state;
	arena_join(&a, &b);		/* into an empty one */
	assert_null(b.chunk);
	arena_strdup(&b, "again");
	arena_join(&a, &b);
	arena_join(&a, &b);		/* nothing */
	assert_string_equal(s, "of b");
	arena_free(&a);
}

static void *wait_for_end(void *arg)
{
	char c;

	assert_int_equal(read(*(int *)arg, &c, 1), 0);
	return NULL;
}

static void the_caller_of_a_thread_beside_may_go_to_another_mount_namespace(void **state)
{
	int fds[2], ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	pthread_t thread;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(parallel_start(&thread, wait_for_end, &fds[0]), 0);
	assert_int_equal(setns(ns, CLONE_NEWNS), 0);
	close(fds[1]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(fds[0]);
	close(ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_item_has_its_turn_once_and_keeps_its_memory),
		cmocka_unit_test(a_failure_ends_the_loop_in_the_scope_of_the_caller),
		cmocka_unit_test(an_arena_takes_over_another),
		cmocka_unit_test(the_caller_of_a_thread_beside_may_go_to_another_mount_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
