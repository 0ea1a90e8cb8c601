/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which limit leaves no room inside a process, from captured /proc text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/arena.h"
#include "task/inside_why.h"

#define LIMITS(as, data)                                                                           \
	"Limit                     Soft Limit           Hard Limit           Units     \n"          \
	"Max data size             " data "            unlimited            bytes     \n"          \
	"Max address space         " as "            unlimited            bytes     \n"
#define STATUS(size, data) "VmPeak:\t  999999 kB\nVmSize:\t    " size " kB\nVmData:\t     " data " kB\n"

static void expect(const char *limits, const char *status, const char *word)
{
	struct arena a = { 0 };
	const char *text = inside_no_room(&a, limits, status, 41);

	if (word)
		assert_true(text && strstr(text, word) && strstr(text, "prlimit --pid 41 --"));
	else
		assert_null(text);
	arena_free(&a);
}

static void the_limit_that_is_full_is_named(void **state)
{
	(void)state;
	expect(LIMITS("unlimited", "unlimited"), STATUS("9000", "300"), NULL);
	expect(LIMITS("10485760", "unlimited"), STATUS("9000", "300"), NULL);
	expect(LIMITS("1048576", "unlimited"), STATUS("9000", "300"), "soft limit RLIMIT_AS allows");
	expect(LIMITS("unlimited", "8192"), STATUS("9000", "300"), "soft limit RLIMIT_DATA allows");
	expect(LIMITS("1048576", "8192"), STATUS("9000", "300"), "RLIMIT_AS");
}

static void text_that_says_nothing_names_nothing(void **state)
{
	(void)state;
	expect("", "", NULL);
	expect(LIMITS("1", "1"), "Name:\tx\n", NULL);
	expect("Max address space", "VmSize:", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_that_is_full_is_named),
		cmocka_unit_test(text_that_says_nothing_names_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
