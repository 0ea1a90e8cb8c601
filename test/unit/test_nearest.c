/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mistyped word is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "base/nearest.h"

static const char *const names[] = { "dump", "restore", "leave-running", "leave-stopped", "log-pid", "log-file" };

static const struct {
	const char *word, *meant;
} words[] = {
	{ "dmup", "dump" },		/* two swapped letters are one mistake */
	{ "dum", "dump" },
	{ "dumps", "dump" },
	{ "damp", "dump" },
	{ "damq", NULL },		/* two mistakes in four letters are another word */
	{ "leav-runing", "leave-running" },
	{ "leavestopped", "leave-stopped" },
	{ "log-pd", "log-pid" },
	{ "logfile", "log-file" },
	{ "", NULL },
	{ "d", NULL },
	{ "frobnicate", NULL },
	{ "a-word-that-is-much-longer-than-any-option-of-this-tool", NULL },
};

static void test_words(void **state not_used)
{
	for (size_t i = 0; i < array_size(words); i++) {
		struct nearest n = { .word = words[i].word };

		for (size_t k = 0; k < array_size(names); k++)
			nearest_try(&n, names[k]);
		if (!words[i].meant)
			assert_null(n.best);
		else
			assert_string_equal(n.best, words[i].meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
