/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security labels: what the kernel's texts mean, and what a restore makes of them; of texts from machines that have such modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "kernel/lsm.h"
#include "model/model.h"
#include "mount/flags.h"
#include "pie/late.h"
#include "run/restore.h"
#include "task/label.h"
#include "task/label.pie.h"

#define CONTAINER "system_u:system_r:container_t:s0:c57,c831"

static void texts_of_the_kernel(void **state)
{
	static const struct {
		Lsmtype type;
		const char *text, *label;
	} cases[] = {
		{ LSMTYPE__APPARMOR, "unconfined\n", NULL },
		{ LSMTYPE__APPARMOR, "containers-default-0.57.4 (enforce)\n", "containers-default-0.57.4" },
		{ LSMTYPE__APPARMOR, "snap.firefox.firefox (complain)\n", "snap.firefox.firefox" },
		{ LSMTYPE__APPARMOR, "/usr/bin/man (unconfined)\n", "/usr/bin/man" },
		{ LSMTYPE__APPARMOR, "a b//c d (enforce)\n", "a b//c d" },
		{ LSMTYPE__APPARMOR, "\n", NULL },
		{ LSMTYPE__SELINUX, CONTAINER "\n", CONTAINER },
		{ LSMTYPE__SELINUX, "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\n", NULL },
		{ LSMTYPE__SELINUX, "", NULL },		/* sockcreate where none is set */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		const char *label;

		strcpy(text, cases[i].text);
		label = lsm_label_parse(cases[i].type, text);
		if (cases[i].label)
			assert_string_equal(label, cases[i].label);
		else
			assert_null(label);
	}
}

static void files_of_each_module(void **state)
{
	(void)state;
	assert_string_equal(lsm_attr_file(LSMTYPE__APPARMOR, LSM_CURRENT), "attr/apparmor/current");
	assert_null(lsm_attr_file(LSMTYPE__APPARMOR, LSM_SOCKCREATE));
	assert_string_equal(lsm_attr_file(LSMTYPE__SELINUX, LSM_CURRENT), "attr/current");
	assert_string_equal(lsm_attr_file(LSMTYPE__SELINUX, LSM_SOCKCREATE), "attr/sockcreate");
	assert_null(lsm_attr_file(LSMTYPE__NO_LSM, LSM_CURRENT));
}

#define NONE LSMTYPE__NO_LSM
#define AA LSMTYPE__APPARMOR
#define SE LSMTYPE__SELINUX

static int chosen(const char *option, Lsmtype here, Lsmtype there, const char *saved, const char **ret)
{
	struct label_rule rule;
	int err = label_rule_parse(option, here, there, &rule);

	*ret = NULL;
	return err ? err : label_choose(&rule, saved, ret);
}

static void which_label_is_set(void **state)
{
	static const struct {
		const char *option;
		Lsmtype here, there;
		const char *saved, *label;
		int is_error;
	} cases[] = {
		/* without option: as it was, where that means something */
		{ NULL, AA, AA, "p", "p", 0 },
		{ NULL, SE, SE, CONTAINER, CONTAINER, 0 },
		{ NULL, SE, SE, NULL, NULL, 0 },
		{ NULL, NONE, AA, NULL, NULL, 0 },
		{ NULL, SE, AA, NULL, NULL, 0 },
		{ NULL, NONE, AA, "p", NULL, 1 },
		{ NULL, AA, SE, CONTAINER, NULL, 1 },
		{ NULL, AA, NONE, "p", NULL, 1 },
		/* what the user says is what is done */
		{ "apparmor:q", AA, AA, "p", "q", 0 },
		{ "apparmor:q", AA, NONE, NULL, "q", 0 },
		{ "apparmor:q", AA, SE, CONTAINER, "q", 0 },
		{ "selinux:" CONTAINER, SE, SE, "x", CONTAINER, 0 },
		{ "none", NONE, AA, "p", NULL, 0 },
		{ "none", AA, AA, "p", NULL, 0 },
		/* and what cannot be done is no restore */
		{ "apparmor:q", NONE, AA, "p", NULL, 1 },
		{ "apparmor:unconfined", NONE, NONE, NULL, NULL, 0 },
		{ "selinux:x", AA, AA, NULL, NULL, 1 },
		{ "apparmor:", AA, AA, "p", NULL, 1 },
		{ "smack:x", AA, AA, "p", NULL, 1 },
		{ "", AA, AA, "p", NULL, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *label;
		int err = chosen(cases[i].option, cases[i].here, cases[i].there, cases[i].saved, &label);

		if (!!err != cases[i].is_error)
			fail_msg("case %zu gives %d", i, err);
		if (cases[i].label)
			assert_string_equal(label, cases[i].label);
		else
			assert_null(label);
	}
}

static void long_labels(void **state)
{
	char option[4096] = "selinux:";
	struct label_rule rule;

	(void)state;
	memset(option + 8, 'x', sizeof(option) - 9);
	assert_int_not_equal(label_rule_parse(option, LSMTYPE__SELINUX, LSMTYPE__SELINUX, &rule), 0);
}

/* --- what the restorer is given -------------------------------------------------------------------------- */

static struct {
	enum late_id id;
	pid_t tid;
	struct label_arm row;
} rows[16];
static size_t n_rows;

/* Instead of the restorer's tables. */
void late_add(struct restore *r not_used, enum late_id id, const struct thread *th, const void *row, size_t size)
{
	assert_true(n_rows < array_size(rows) && size == sizeof(struct label_arm));
	rows[n_rows].id = id;
	rows[n_rows].tid = th->pid;
	memcpy(&rows[n_rows++].row, row, size);
}

/* A process of two threads, 10 and 11. */
static int rows_of(Lsmtype here, Lsmtype there, const char *first, const char *second, const char *sockets, const char *own)
{
	struct restore r = { 0 };
	struct arena *a = &r.m.arena;
	struct task t = { .threads = arena_array(a, struct thread, 2), .n_threads = 2 };
	struct label_rule rule = { .here = here, .there = there };
	int err;

	n_rows = 0;
	for (int i = 0; i < 2; i++) {
		CredsEntry *c = arena_msg(a, CredsEntry, creds_entry__init);

		t.threads[i].pid = 10 + i;
		t.threads[i].task = &t;
		t.threads[i].core = arena_msg(a, CoreEntry, core_entry__init);
		t.threads[i].core->thread_core = arena_msg(a, ThreadCoreEntry, thread_core_entry__init);
		t.threads[i].core->thread_core->creds = c;
		c->lsm_profile = (char *)(i ? second : first);
		c->lsm_sockcreate = (char *)sockets;
	}
	err = label_add_rows(&r, &t, &rule, own, 77);
	arena_free(a);
	return err;
}

static void row_is(size_t i, enum late_id id, pid_t tid, const char *file, const char *text)
{
	assert_true(i < n_rows);
	assert_int_equal(rows[i].id, id);
	assert_int_equal(rows[i].tid, tid);
	assert_int_equal(rows[i].row.proc, 77);
	assert_string_equal(rows[i].row.file, file);
	assert_string_equal(rows[i].row.text, text);
	assert_int_equal(rows[i].row.len, strlen(text));
}

static void apparmor_is_set_by_each_thread(void **state)
{
	(void)state;
	assert_int_equal(rows_of(AA, AA, "p", "q", NULL, NULL), 0);
	assert_int_equal(n_rows, 2);
	row_is(0, LATE_label, 10, "thread-self/attr/apparmor/current", "changeprofile p");
	row_is(1, LATE_label, 11, "thread-self/attr/apparmor/current", "changeprofile q");
	assert_int_equal(rows_of(AA, AA, "p", NULL, NULL, NULL), 0);
	assert_int_equal(n_rows, 1);
	assert_int_equal(rows_of(AA, AA, "p", "q", NULL, "p"), 0);	/* the tool's own is there already */
	assert_int_equal(n_rows, 1);
}

static void selinux_is_set_before_there_are_threads(void **state)
{
	(void)state;
	assert_int_equal(rows_of(SE, SE, CONTAINER, CONTAINER, NULL, NULL), 0);
	assert_int_equal(n_rows, 1);
	row_is(0, LATE_label_all, 10, "thread-self/attr/current", CONTAINER);
	assert_int_equal(rows_of(SE, SE, NULL, NULL, "a:b:c", NULL), 0);
	assert_int_equal(n_rows, 2);
	row_is(0, LATE_label, 10, "thread-self/attr/sockcreate", "a:b:c");
	row_is(1, LATE_label, 11, "thread-self/attr/sockcreate", "a:b:c");
	assert_int_not_equal(rows_of(SE, SE, CONTAINER, "a:b:c", NULL, NULL), 0);
	assert_int_equal(n_rows, 0);
}

static void nothing_is_set_without_a_module(void **state)
{
	(void)state;
	assert_int_equal(rows_of(NONE, NONE, NULL, NULL, "a:b:c", NULL), 0);
	assert_int_equal(n_rows, 0);
	assert_int_not_equal(rows_of(NONE, SE, CONTAINER, CONTAINER, NULL, NULL), 0);
}

static void the_restorer_writes_it(void **state)
{
	char dir[] = "/tmp/criu-labels.XXXXXX", text[64];
	struct label_arm row = { .len = 15, .file = "current", .text = "changeprofile p" };
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	row.proc = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(label_arm(&row, 1), -ENOENT);
	fd = openat(row.proc, "current", O_CREAT | O_RDWR, 0600);
	assert_int_equal(label_arm(&row, 1), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 15);
	assert_memory_equal(text, "changeprofile p", 15);
	assert_int_equal(label_all_arm(&(struct label_all_arm){ .row = row }, 1), 0);
	unlinkat(row.proc, "current", 0);
	close(fd);
	close(row.proc);
	rmdir(dir);
}

/* --- mounts ---------------------------------------------------------------------------------------------- */

#define FILES "system_u:object_r:container_file_t:s0:c57,c831"

static void contexts_have_commas(void **state)
{
	char text[] = "seclabel,context=\"" FILES "\",size=65536k,rootcontext=a:b:c:s0,lowerdir=/\"q\"";
	static const char *const pairs[][2] = {
		{ "seclabel", NULL }, { "context", FILES }, { "size", "65536k" }, { "rootcontext", "a:b:c:s0" }, { "lowerdir", "/\"q\"" },
	};
	char *at = text, *key, *value;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(next_option(&at, &key, &value));
		assert_string_equal(key, pairs[i][0]);
		if (pairs[i][1])
			assert_string_equal(value, pairs[i][1]);
		else
			assert_null(value);
	}
	assert_false(next_option(&at, &key, &value));
}

static void hostile_quotes(void **state)
{
	static const char *const texts[] = { "context=\"", "context=\"a,b", "context", "context=\"\"\"", "context=,", ",,,", "=", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char text[32], *at = text, *key, *value;
		int n = 0;

		strcpy(text, texts[i]);
		while (next_option(&at, &key, &value))
			assert_true(++n < 8);
	}
}

static void contexts_are_replaced(void **state)
{
	static const struct {
		const char *options, *context, *result, *first;
	} cases[] = {
		{ "size=4m,context=\"" FILES "\",mode=755", "a:b:c:s0:c1,c2", "size=4m,context=\"a:b:c:s0:c1,c2\",mode=755",
		  "context=\"" FILES "\"" },
		{ "context=x:y:z:s0", "a:b:c:s0", "context=\"a:b:c:s0\"", "context=x:y:z:s0" },
		{ "context=\"" FILES "\",size=4m", NULL, "size=4m", "context=\"" FILES "\"" },
		{ "rootcontext=x:y:z,size=4m", "a:b:c", "rootcontext=x:y:z,size=4m", "rootcontext=x:y:z" },
		{ "context=x", NULL, "", "context=x" },
		{ "size=4m,mode=755", "a:b:c", "size=4m,mode=755", NULL },
		{ "upperdir=/a\\054b,lowerdir=/c", NULL, "upperdir=/a\\054b,lowerdir=/c", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena a = { 0 };
		char *options = arena_strdup(&a, cases[i].options);
		const char *first = mount_context_first(&a, options);

		if (cases[i].first)
			assert_string_equal(first, cases[i].first);
		else
			assert_null(first);
		assert_int_equal(mount_contexts_set(&a, cases[i].context, &options), !!cases[i].first);
		assert_string_equal(options, cases[i].result);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_the_kernel),	 cmocka_unit_test(files_of_each_module),
		cmocka_unit_test(which_label_is_set),	 cmocka_unit_test(long_labels),
		cmocka_unit_test(apparmor_is_set_by_each_thread),
		cmocka_unit_test(selinux_is_set_before_there_are_threads),
		cmocka_unit_test(nothing_is_set_without_a_module),
		cmocka_unit_test(the_restorer_writes_it),
		cmocka_unit_test(contexts_have_commas),	 cmocka_unit_test(hostile_quotes),
		cmocka_unit_test(contexts_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
