/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of a request become options. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "options.h"
#include "rpc/opts.h"
#include "rpc/session.h"

static void every_field_has_its_option(void **state not_used)
{
	const ProtobufCMessageDescriptor *d = &criu_opts__descriptor;

	for (unsigned int i = 0; i < d->n_fields; i++)
		if (!opts_know_field(d->fields[i].name))
			fail_msg("criu_opts.%s is no option and has no row in rpc/opts.def", d->fields[i].name);
	assert_false(opts_know_field("no_such_field"));
}

static int apply(const CriuOpts *opts, enum opts_for command, struct options *o)
{
	const struct session s = { .is_swrk = true };

	return opts_apply(&s, opts, command, o);
}

static void present_fields_only(void **state not_used)
{
	CriuOpts m = CRIU_OPTS__INIT;
	struct options o = { .shell_job = true, .ghost_limit = 7, .link_remap = true };

	m.has_link_remap = true;	/* false */
	m.has_evasive_devices = m.evasive_devices = true;
	m.has_timeout = true;
	m.timeout = 5;
	assert_int_equal(apply(&m, FOR_DUMP, &o), 0);
	assert_true(o.shell_job);
	assert_false(o.link_remap);
	assert_true(o.evasive_devices);
	assert_int_equal(o.timeout, 5);
	assert_int_equal(o.ghost_limit, 7);
}

static void stopped_wins(void **state not_used)
{
	CriuOpts m = CRIU_OPTS__INIT;
	struct options o = { 0 };

	m.has_leave_stopped = m.leave_stopped = m.has_leave_running = m.leave_running = true;
	assert_int_equal(apply(&m, FOR_DUMP, &o), 0);
	assert_int_equal(o.final_state, FINAL_STOP);
	m.leave_stopped = m.leave_running = false;
	assert_int_equal(apply(&m, FOR_DUMP, &o), 0);
	assert_int_equal(o.final_state, FINAL_KILL);
}

static void lists_become_keys(void **state not_used)
{
	ExtMountMap mount = EXT_MOUNT_MAP__INIT, *mounts[] = { &mount };
	CriuOpts m = CRIU_OPTS__INIT;
	struct options o = { 0 };
	char *externals[] = { (char *)"file[1:2]" };

	mount.key = (char *)"/etc/hosts";
	mount.val = (char *)"/srv/hosts";
	m.ext_mnt = mounts;
	m.external = externals;
	m.n_ext_mnt = m.n_external = 1;
	assert_int_equal(apply(&m, FOR_RESTORE, &o), 0);
	assert_int_equal(o.external.n, 2);
	assert_string_equal(o.external.v[0], "mnt[/etc/hosts]:/srv/hosts");
	assert_string_equal(o.external.v[1], "file[1:2]");
}

static void numbers_out_of_range(void **state not_used)
{
	CriuOpts m = CRIU_OPTS__INIT;
	struct options o = { 0 };

	m.has_empty_ns = true;
	m.empty_ns = 1;
	assert_int_equal(apply(&m, FOR_DUMP, &o), -EBADRQC);
	m.empty_ns = 0;
	assert_int_equal(apply(&m, FOR_DUMP, &o), 0);
	m.has_manage_cgroups_mode = true;
	m.manage_cgroups_mode = (CriuCgMode)99;
	assert_int_equal(apply(&m, FOR_DUMP, &o), -EBADRQC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_its_option), cmocka_unit_test(present_fields_only),
		cmocka_unit_test(stopped_wins),		      cmocka_unit_test(lists_become_keys),
		cmocka_unit_test(numbers_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
