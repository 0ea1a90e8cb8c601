/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of mountinfo, on captured text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/mountinfo.h"

static const char captured[] =
	"27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard,resuid=65534\n"
	"28 27 0:25 / /mnt/with\\040blank ro,nosuid,nodev,relatime shared:7 master:3 propagate_from:2 - tmpfs "
	"odd\\011name ro,size=4k,mode=755\n"
	"29 27 0:26 /a\\134b//deleted /mnt/file rw,noatime unbindable - tmpfs  rw\n"
	"31 27 0:28 / /mnt/over rw master:4294967295 - overlay none rw,lowerdir=/l1\\054x:/l2,upperdir=/u\n"
	"32 27 0:29 / /mnt/new rw future:tag - fuse.sshfs host:/dir rw,user_id=0\n";

static int parse(struct arena *a, const char *text, struct mountinfo_list *ret)
{
	return mountinfo_parse(a, arena_strdup(a, text), ret);
}

static void every_field_is_read(void **state)
{
	struct arena a = { 0 };
	struct mountinfo_list l;

	(void)state;
	assert_int_equal(parse(&a, captured, &l), 0);
	assert_int_equal(l.n, 5);
	assert_int_equal(l.v[0].id, 27);
	assert_int_equal(l.v[0].parent, 1);
	assert_int_equal(l.v[0].dev, 254 << 20);
	assert_string_equal(l.v[0].root, "/");
	assert_string_equal(l.v[0].point, "/");
	assert_string_equal(l.v[0].options, "rw,relatime");
	assert_int_equal(l.v[0].shared, 1);
	assert_int_equal(l.v[0].master, 0);
	assert_string_equal(l.v[0].fstype, "ext4");
	assert_string_equal(l.v[0].source, "/dev/vda");
	assert_string_equal(l.v[0].sb_options, "rw,discard,resuid=65534");
	assert_int_equal(l.v[1].shared, 7);
	assert_int_equal(l.v[1].master, 3);
	arena_free(&a);
}

static void odd_names_are_unescaped(void **state)
{
	struct arena a = { 0 };
	struct mountinfo_list l;

	(void)state;
	assert_int_equal(parse(&a, captured, &l), 0);
	assert_string_equal(l.v[1].point, "/mnt/with blank");
	assert_string_equal(l.v[1].source, "odd\tname");
	assert_string_equal(l.v[2].root, "/a\\b");
	assert_true(l.v[2].is_deleted);
	assert_true(l.v[2].is_unbindable);
	assert_string_equal(l.v[2].source, "");
	assert_int_equal(l.v[3].master, UINT32_MAX);
	/* Where a value ends is only known while it is escaped. */
	assert_string_equal(l.v[3].sb_options, "rw,lowerdir=/l1\\054x:/l2,upperdir=/u");
	assert_string_equal(l.v[4].fstype, "fuse.sshfs");
	arena_free(&a);
}

static void what_is_no_mountinfo_is_refused(void **state)
{
	static const char *const bad[] = {
		"27", "27 1 254:0 / /", "x 1 254:0 / / rw - ext4 /dev/vda rw", "27 1 254 / / rw - ext4 /dev/vda rw",
		"27 1 254:0 / / rw shared:1", "27 1 254:0 / / rw shared:x - ext4 a rw", "27 1 254:0 / / rw - ext4 a", "\n",
	};
	struct arena a = { 0 };
	struct mountinfo_list l;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse(&a, bad[i], &l), -EINVAL);
	assert_int_equal(parse(&a, "", &l), 0);
	assert_int_equal(l.n, 0);
	arena_free(&a);
}

static void own_mounts_can_be_read(void **state)
{
	struct arena a = { 0 };
	struct mountinfo_list l;

	(void)state;
	assert_int_equal(mountinfo_read(&a, -100, "/proc/self/mountinfo", &l), 0);
	assert_true(l.n > 0);
	assert_int_equal(l.v[0].point[0], 0x2f);
	assert_int_equal(mountinfo_read(&a, -100, "/proc/self/no-such", &l), -ENOENT);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(odd_names_are_unescaped),
		cmocka_unit_test(what_is_no_mountinfo_is_refused),
		cmocka_unit_test(own_mounts_can_be_read),
	};

	return cmocka_run_group_tests_name("mountinfo", tests, NULL, NULL);
}
