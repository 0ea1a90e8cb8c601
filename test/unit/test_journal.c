/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the survivor of the tool's two processes takes back: names in the file system. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail
#include "run/journal.h"

static char dir[64];

static const char *path(const char *name)
{
	static char buf[256];

	snprintf(buf, sizeof(buf), "%s/%s", dir, name);
	return buf;
}

static int make_dir(void **state)
{
	*state = journal_new();
	strcpy(dir, "/tmp/test_journal.XXXXXX");
	return mkdtemp(dir) && *state ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);	/* fails when a test has left something */
}

static void make_file(const char *name)
{
	int fd = open(path(name), O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void assert_gone(const char *name)
{
	assert_int_equal(access(path(name), F_OK), -1);
	assert_int_equal(errno, ENOENT);
}

static void a_file_is_removed(void **state)
{
	assert_true(journal_enter(*state, JOURNAL_FILE, path("f"), NULL) >= 0);
	make_file("f");
	journal_take_back(*state);
	assert_gone("f");
}

static void a_directory_is_removed(void **state)
{
	assert_true(journal_enter(*state, JOURNAL_FILE, path("d"), NULL) >= 0);
	assert_int_equal(mkdir(path("d"), 0700), 0);
	journal_take_back(*state);
	assert_gone("d");
}

/* Not all of them may have been made by then. */
static void directories_above_are_removed_as_far_as_they_were_made(void **state)
{
	assert_true(journal_enter(*state, JOURNAL_FILE, path("a/b/f"), "2") >= 0);
	assert_int_equal(mkdir(path("a"), 0700), 0);
	journal_take_back(*state);
	assert_gone("a");
	assert_int_equal(access(dir, F_OK), 0);
}

static void what_was_there_before_stays(void **state)
{
	assert_int_equal(mkdir(path("a"), 0700), 0);
	assert_true(journal_enter(*state, JOURNAL_FILE, path("a/b/f"), "1") >= 0);
	assert_int_equal(mkdir(path("a/b"), 0700), 0);
	make_file("a/b/f");
	journal_take_back(*state);
	assert_gone("a/b");
	assert_int_equal(rmdir(path("a")), 0);
}

static void what_is_struck_out_stays(void **state)
{
	int entry = journal_enter(*state, JOURNAL_FILE, path("f"), NULL);

	make_file("f");
	journal_strike(*state, entry);
	journal_take_back(*state);
	assert_int_equal(unlink(path("f")), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_removed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_directory_is_removed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(directories_above_are_removed_as_far_as_they_were_made, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_was_there_before_stays, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_is_struck_out_stays, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
