/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of the progress line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "base/progress.h"

static const struct {
	const char *stage;
	enum progress_unit unit;
	uint64_t done, total, us;
	const char *text;
} lines[] = {
	{ "hook", PROGRESS_TASKS, 0, 0, 2300000, "hook, 2 s" },
	{ "freeze", PROGRESS_TASKS, 17, 0, 1000000, "freeze 17 tasks, 1 s" },
	{ "scan", PROGRESS_TASKS, 300, 1000, 1500000, "scan 300 of 1000 tasks, 200/s, 1 s" },
	{ "pages", PROGRESS_BYTES, 0, 4096, 0, "pages 0.0 KiB of 4.0 KiB, 0 KiB/s, 0 s" },
	{ "pages", PROGRESS_BYTES, 3ULL << 29, 4ULL << 30, 2000000, "pages 1.5 GiB of 4.0 GiB, 768 MiB/s, 2 s" },
	/* chunks are counted before they are done, and another stage may begin meanwhile: never more than all */
	{ "fill", PROGRESS_BYTES, 9ULL << 30, 4ULL << 30, 4000000, "fill 4.0 GiB of 4.0 GiB, 1 GiB/s, 4 s" },
	{ "pages", PROGRESS_BYTES, 1ULL << 50, 4ULL << 50, 60000000, "pages 1024.0 TiB of 4096.0 TiB, 17 TiB/s, 60 s" },
};

static void test_lines(void **state not_used)
{
	char text[128];

	for (size_t i = 0; i < array_size(lines); i++) {
		progress_text(text, sizeof(text), lines[i].stage, lines[i].unit, lines[i].done, lines[i].total,
			      lines[i].us);
		assert_string_equal(text, lines[i].text);
	}
}

static void test_text_is_cut(void **state not_used)
{
	char text[8];

	progress_text(text, sizeof(text), "pages", PROGRESS_BYTES, 1, 2, 1);
	assert_string_equal(text, "pages 0");
}

/* No terminal: nothing is counted, nothing is drawn, nothing breaks. */
static void test_without_terminal(void **state not_used)
{
	progress_stage("pages");
	progress_expect(10, PROGRESS_BYTES);
	progress_add(1);
	progress_draw();
	progress_clear();
	assert_false(progress_is_on());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_text_is_cut),
		cmocka_unit_test(test_without_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
