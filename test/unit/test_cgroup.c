/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of cgroups, on text captured from version 1, version 2, hybrid and nested systems. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "cgroup/hierarchy.h"
#include "cgroup/lines.h"
#include "cgroup/props.h"

static struct arena arena;

static void lines_of_a_hybrid_system(void **state)
{
	char text[] = "12:pids:/user.slice\n5:cpu,cpuacct:/a:b\n1:name=systemd:/user.slice/x y\n0::/gone (deleted)\n";
	struct cg_lines l;

	(void)state;
	assert_int_equal(cgroup_lines_parse(&arena, text, &l), 0);
	assert_int_equal(l.v.n, 4);
	assert_string_equal(l.v.v[0].name, "");
	assert_string_equal(l.v.v[0].path, "/gone");
	assert_string_equal(l.v.v[1].name, "cpu,cpuacct");
	assert_string_equal(l.v.v[1].path, "/a:b");
	assert_string_equal(cgroup_lines_path(&l, "name=systemd"), "/user.slice/x y");
	assert_null(cgroup_lines_path(&l, "memory"));
}

static void lines_that_are_none(void **state)
{
	static const char *const bad[] = { "0:/x\n", "nonsense\n", "3:cpu:x\n" };
	struct cg_lines l;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(cgroup_lines_parse(&arena, arena_strdup(&arena, bad[i]), &l), -EINVAL);
}

static void names_and_paths(void **state)
{
	(void)state;
	assert_true(cgroup_name_has("cpu,cpuacct", "cpuacct"));
	assert_false(cgroup_name_has("cpu,cpuacct", "cpua"));
	assert_false(cgroup_name_has("cpuset", "cpu"));
	assert_true(cgroup_name_has("", ""));
	assert_false(cgroup_name_has("cpu", ""));
	assert_true(cgroup_is_called("name=x", "x"));
	assert_true(cgroup_is_called("name=x", "name=x"));
	assert_true(cgroup_is_called("", "unified"));
	assert_true(cgroup_is_called("cpu,cpuacct", "cpu,cpuacct"));
	assert_false(cgroup_is_called("cpu", "unified"));
	assert_false(cgroup_is_called("", "x"));
	assert_true(cgroup_path_is_below("/a/b", "/a"));
	assert_true(cgroup_path_is_below("/a", "/a"));
	assert_true(cgroup_path_is_below("/a", "/"));
	assert_false(cgroup_path_is_below("/ab", "/a"));
}

static void mounts_of_a_container_without_namespace(void **state)
{
	char text[] = "23 1 0:21 / / rw - ext4 /dev/sda rw\n"
		      "31 23 0:29 /docker/1f2e /sys/fs/cgroup/cpu,cpuacct rw shared:3 - cgroup cgroup rw,cpu,cpuacct\n"
		      "32 23 0:30 / /mnt/a\\040b rw - cgroup none rw,xattr,name=systemd\n"
		      "33 23 0:31 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
	struct cg_mounts m;
	const struct cg_mount *found;

	(void)state;
	assert_int_equal(cgroup_mounts_parse(&arena, text, &m), 0);
	assert_int_equal(m.v.n, 3);
	found = cgroup_mount_find(&m, "cpu,cpuacct", "/docker/1f2e/x");
	assert_non_null(found);
	assert_string_equal(found->root, "/docker/1f2e");
	assert_int_equal(found->minor, 29);
	assert_null(cgroup_mount_find(&m, "cpu,cpuacct", "/docker/other"));
	assert_null(cgroup_mount_find(&m, "cpuset", "/"));
	assert_string_equal(cgroup_mount_find(&m, "name=systemd", "/x")->point, "/mnt/a b");
	assert_string_equal(cgroup_mount_find(&m, "", "/x")->point, "/sys/fs/cgroup");
}

static void paths_relative_to_what_is_mounted(void **state)
{
	const struct cg_hierarchy part = { .top = "/docker/1f2e" }, whole = { .top = "/" };

	(void)state;
	assert_string_equal(hierarchy_relative(&part, "/docker/1f2e/x/y"), "x/y");
	assert_string_equal(hierarchy_relative(&part, "/docker/1f2e"), ".");
	assert_null(hierarchy_relative(&part, "/docker"));
	assert_string_equal(hierarchy_relative(&whole, "/"), ".");
	assert_string_equal(hierarchy_relative(&whole, "/a/b"), "a/b");
	assert_string_equal(hierarchy_dir_name("name=systemd"), "systemd");
	assert_string_equal(hierarchy_dir_name(""), "unified");
}

static size_t count(const struct props *p, const char *controller)
{
	size_t n = 0;

	for (size_t i = 0; i < p->v.n; i++)
		n += !strcmp(p->v.v[i].controller, controller);
	return n;
}

static void props_are_merged_and_replaced(void **state)
{
	static const char text[] = "\"pids\":\n - \"strategy\": \"replace\"\n - \"properties\": [\"pids.current\", \"pids.max\"]\n"
				   "\"cpu\":\\n  - \"strategy\": \"merge\"\\n  - \"properties\": [ \"cpu.new\", \"cpu.shares\" ]\n";
	struct props built = { 0 }, p = { 0 };

	(void)state;
	assert_int_equal(props_build(&arena, NULL, NULL, &built), 0);
	assert_int_equal(props_build(&arena, text, NULL, &p), 0);
	assert_int_equal(count(&p, "pids"), 2);
	assert_int_equal(count(&p, "cpu"), count(&built, "cpu") + 1);
	assert_int_equal(count(&p, "memory"), count(&built, "memory"));
}

static void props_that_are_none(void **state)
{
	static const char *const bad[] = {
		"pids:", "\"pids\"", "\"pids\":\n - \"strategy\": \"mix\"", "\"pids\":\n - \"properties\": \"x\"",
		"\"pids\":\n - \"properties\": [\"a\" \"b\"]", "\"pids\":\n - \"properties\": [\"../x\"]",
		"\"pids\":\n - \"other\": [\"x\"]", "\"pids\":\n - \"properties\": [\"x",
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct props p = { 0 };

		assert_int_equal(props_build(&arena, bad[i], NULL, &p), -EINVAL);
	}
}

static void names_with_a_size_of_huge_pages(void **state)
{
	(void)state;
	assert_true(prop_name_matches("hugetlb.*.max", "hugetlb.2MB.max"));
	assert_false(prop_name_matches("hugetlb.*.max", "hugetlb.2MB.rsvd.max"));
	assert_true(prop_name_matches("hugetlb.*.rsvd.max", "hugetlb.1GB.rsvd.max"));
	assert_false(prop_name_matches("hugetlb.*.max", "hugetlb.max"));
	assert_int_equal(prop_by_name("cgroup.freeze", true)->when, PROP_LAST);
	assert_int_equal(prop_by_name("pids.max", false)->when, PROP_LATE);
	assert_int_equal(prop_by_name("hugetlb.2MB.max", true)->when, PROP_LATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_hybrid_system),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(names_and_paths),
		cmocka_unit_test(mounts_of_a_container_without_namespace),
		cmocka_unit_test(paths_relative_to_what_is_mounted),
		cmocka_unit_test(props_are_merged_and_replaced),
		cmocka_unit_test(props_that_are_none),
		cmocka_unit_test(names_with_a_size_of_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
