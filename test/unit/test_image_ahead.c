/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image files that are made before they are needed: what is in the directory afterwards. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail
#include "image/ahead.h"

static char path[] = "/tmp/test_image_ahead-XXXXXX";
static int dir = -1;

static int make_dir(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	dir = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY) : -1;
	return dir < 0;
}

static size_t count(const char *of, bool remove_them)
{
	DIR *d = opendir(of);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			n++;
			if (remove_them)
				unlinkat(dir, e->d_name, 0);
		}
	closedir(d);
	return n;
}

static int remove_dir(void **state)
{
	(void)state;
	count(path, true);
	close(dir);
	return rmdir(path);
}

static void create(int i)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "core-%d.img", i);
	fd = image_create(dir, name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, name, sizeof(name)), sizeof(name));
	close(fd);
}

static void holds_its_name(int i)
{
	char name[32], text[64] = "";
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "core-%d.img", i);
	fd = openat(dir, name, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 32);
	assert_string_equal(text, name);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(st.st_nlink, 1);
	close(fd);
}

/* The third number: how long the maker has before the first file is asked for. */
static void some_are_asked_for(size_t n_ahead, int n, unsigned int us)
{
	size_t n_fds = count("/proc/self/fd", false);
	struct rlimit before, after;

	getrlimit(RLIMIT_NOFILE, &before);
	images_make_ahead(dir, n_ahead);
	usleep(us);
	assert_int_equal(count(path, false), 0);
	for (int i = 0; i < n; i++)
		create(i);
	images_end_ahead();
	for (int i = 0; i < n; i++)
		holds_its_name(i);
	assert_int_equal(count(path, true), n);
	assert_int_equal(count("/proc/self/fd", false), n_fds);
	getrlimit(RLIMIT_NOFILE, &after);
	assert_int_equal(before.rlim_cur, after.rlim_cur);
}

static void each_file_has_its_own_contents_and_nothing_else_is_left(void **state)
{
	(void)state;
	some_are_asked_for(0, 10, 0);
	some_are_asked_for(300, 300, 0);
	some_are_asked_for(300, 300, 20000);
	some_are_asked_for(1000, 1000, 0);	/* more than may wait */
	some_are_asked_for(100, 300, 20000);
	some_are_asked_for(600, 10, 20000);
	some_are_asked_for(600, 0, 0);
}

static void a_file_of_that_name_is_replaced(void **state)
{
	int fd = openat(dir, "core-3.img", O_WRONLY | O_CREAT, 0644);

	(void)state;
	assert_int_equal(ftruncate(fd, 10000), 0);
	close(fd);
	images_make_ahead(dir, 100);
	usleep(10000);
	create(3);
	images_end_ahead();
	holds_its_name(3);
}

static void what_cannot_be_made_is_an_error(void **state)
{
	int gone = open(path, O_RDONLY | O_DIRECTORY);

	(void)state;
	rmdir(path);
	images_make_ahead(gone, 100);
	usleep(10000);
	assert_true(image_create(gone, "core-1.img") < 0);
	images_end_ahead();
	close(gone);
	mkdir(path, 0700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_file_has_its_own_contents_and_nothing_else_is_left, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_file_of_that_name_is_replaced, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_cannot_be_made_is_an_error, make_dir, remove_dir),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
