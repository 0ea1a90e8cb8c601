/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of per-thread state without a kernel: what is refused in a record, and which rows a record becomes. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/arena.h"
#include "kernel/lsm.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/restore.h"
#include "task/capabilities.h"
#include "task/kind.h"
#include "task/rseq.h"

extern const struct task_kind sched_kind, creds_kind, seccomp_kind, comm_kind, robust_kind, rseq_kind;

enum { ROWS_MAX = 64, ROW_BYTES = 128 };
static struct {
	enum late_id id;
	pid_t tid;
	char row[ROW_BYTES];
} rows[ROWS_MAX];
static size_t n_rows;

/* Instead of the restorer's tables. */
void late_add(struct restore *r not_used, enum late_id id, const struct thread *th, const void *row, size_t size)
{
	assert_true(n_rows < ROWS_MAX && size <= ROW_BYTES);
	rows[n_rows].id = id;
	rows[n_rows].tid = th->pid;
	memcpy(rows[n_rows++].row, row, size);
}

static size_t count(enum late_id id, pid_t tid)
{
	size_t n = 0;

	for (size_t i = 0; i < n_rows; i++)
		n += rows[i].id == id && rows[i].tid == tid;
	return n;
}

static const void *row_of(enum late_id id, pid_t tid, size_t number)
{
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].id == id && rows[i].tid == tid && !number--)
			return rows[i].row;
	fail_msg("no such row");
	return NULL;
}

/* A process of three threads: 10, 11, 12. */
static struct restore r;
static struct task t;

static int setup(void **state)
{
	struct arena *a = &r.m.arena;

	(void)state;
	n_rows = 0;
	t = (struct task){ .n_threads = 3, .state = TASK_ALIVE, .threads = arena_array(a, struct thread, 3) };
	for (size_t i = 0; i < t.n_threads; i++) {
		CoreEntry *core = arena_msg(a, CoreEntry, core_entry__init);

		core->thread_core = arena_msg(a, ThreadCoreEntry, thread_core_entry__init);
		t.threads[i] = (struct thread){ .task = &t, .pid = 10 + i, .core = core };
	}
	leader(&t)->core->tc = arena_msg(a, TaskCoreEntry, task_core_entry__init);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&r.m.arena);
	r = (struct restore){ 0 };
	return 0;
}

static ThreadCoreEntry *core_of(size_t i)
{
	return t.threads[i].core->thread_core;
}

/* --- rseq ---------------------------------------------------------------------------------------------- */

static void rseq_section_is_left_by_its_abort_handler(void **state)
{
	const struct rseq_cs cs = { .start_ip = 0x1000, .post_commit_offset = 0x20, .abort_ip = 0x2000 };
	struct rseq_cs keep = cs, hostile = cs;

	(void)state;
	assert_int_equal(rseq_place_of(&cs, 0xfff), RSEQ_OUTSIDE);
	assert_int_equal(rseq_place_of(&cs, 0x1000), RSEQ_ABORT);
	assert_int_equal(rseq_place_of(&cs, 0x101f), RSEQ_ABORT);
	assert_int_equal(rseq_place_of(&cs, 0x1020), RSEQ_OUTSIDE);
	keep.flags = RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL;
	assert_int_equal(rseq_place_of(&keep, 0x1000), RSEQ_KEEP);
	assert_int_equal(rseq_place_of(&keep, 0x1020), RSEQ_OUTSIDE);
	hostile.start_ip = UINT64_MAX - 7;
	assert_int_equal(rseq_place_of(&hostile, 4), RSEQ_ABORT);
	assert_int_equal(rseq_place_of(&hostile, 0x1000), RSEQ_OUTSIDE);
}

static void rseq_record_is_checked(void **state)
{
	RseqEntry rec = RSEQ_ENTRY__INIT;

	(void)state;
	core_of(1)->rseq_entry = &rec;
	assert_int_equal(rseq_kind.check(&t), 0);
	assert_int_equal(rseq_kind.make_thread(&r, &t.threads[1]), 0);
	assert_int_equal(n_rows, 0);			/* not registered: nothing to do */
	rec.rseq_abi_pointer = 0x7000;
	rec.rseq_abi_size = 8;
	assert_int_equal(rseq_kind.check(&t), -EINVAL);
	rec.rseq_abi_size = 32;
	assert_int_equal(rseq_kind.check(&t), 0);
	assert_int_equal(rseq_kind.make_thread(&r, &t.threads[1]), 0);
	assert_int_equal(((const struct rseq_arm *)row_of(LATE_rseq, 11, 0))->size, 32);
}

/* --- names, robust lists ------------------------------------------------------------------------------- */

static void name_of_an_old_image_is_that_of_the_process(void **state)
{
	char long_name[] = "sixteen-bytes-xx", own[] = "own", whole[] = "whole";

	(void)state;
	leader(&t)->core->tc->comm = whole;
	core_of(2)->comm = own;
	assert_int_equal(comm_kind.check(&t), 0);
	for (size_t i = 0; i < t.n_threads; i++)
		assert_int_equal(comm_kind.make_thread(&r, &t.threads[i]), 0);
	assert_string_equal(row_of(LATE_comm, 11, 0), "whole");
	assert_string_equal(row_of(LATE_comm, 12, 0), "own");
	core_of(1)->comm = long_name;
	assert_int_equal(comm_kind.check(&t), -EINVAL);
	long_name[15] = '\0';
	assert_int_equal(comm_kind.check(&t), 0);
}

static void robust_list_has_one_size(void **state)
{
	(void)state;
	assert_int_equal(robust_kind.check(&t), 0);
	core_of(0)->futex_rla = 0x1000;
	core_of(0)->futex_rla_len = 12;			/* of a 32-bit task */
	assert_int_equal(robust_kind.check(&t), -EINVAL);
	core_of(0)->futex_rla_len = 24;
	assert_int_equal(robust_kind.check(&t), 0);
}

/* --- scheduling ---------------------------------------------------------------------------------------- */

static void sched_record_is_checked(void **state)
{
	static const struct {
		uint32_t policy;
		int32_t nice;
		uint32_t prio;
		int err;
	} cases[] = {
		{ 0, 0, 0, 0 }, { 0, -20, 0, 0 }, { 0, 19, 0, 0 }, { 3, 0, 0, 0 }, { 5, 0, 0, 0 }, { 1, 0, 1, 0 },
		{ 2, 0, 99, 0 }, { 0x40000001, 0, 50, 0 }, { 7, 0, 0, 0 },
		{ 0, -21, 0, -EINVAL }, { 0, 20, 0, -EINVAL }, { 0, 0, 1, -EINVAL }, { 1, 0, 0, -EINVAL },
		{ 2, 0, 100, -EINVAL }, { 4, 0, 0, -EINVAL }, { 8, 0, 0, -EINVAL },
		{ 6, 0, 0, -EINVAL },			/* a deadline without its parameters */
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		core_of(1)->sched_policy = cases[i].policy;
		core_of(1)->sched_nice = cases[i].nice;
		core_of(1)->sched_prio = cases[i].prio;
		assert_int_equal(sched_kind.check(&t), cases[i].err);
	}
}

static void sched_mask_must_name_a_cpu(void **state)
{
	ThreadSchedEntry s = THREAD_SCHED_ENTRY__INIT;
	uint8_t mask[2000] = { 0 };

	(void)state;
	core_of(0)->sched = &s;
	s.has_affinity = true;
	s.affinity.data = mask;
	s.affinity.len = 8;
	assert_int_equal(sched_kind.check(&t), -EINVAL);
	mask[7] = 0x80;
	assert_int_equal(sched_kind.check(&t), 0);
	s.affinity.len = sizeof(mask);
	assert_int_equal(sched_kind.check(&t), -EINVAL);
}

static void nice_of_a_realtime_thread_is_set_first(void **state)
{
	const struct sched_arm *first, *second;

	(void)state;
	core_of(1)->has_sched_policy = true;
	core_of(1)->sched_policy = 0x40000002;		/* round robin, reset on fork */
	core_of(1)->sched_prio = 7;
	core_of(1)->sched_nice = 5;
	assert_int_equal(sched_kind.make_thread(&r, &t.threads[1]), 0);
	assert_int_equal(count(LATE_sched, 11), 2);
	first = row_of(LATE_sched, 11, 0);
	second = row_of(LATE_sched, 11, 1);
	assert_int_equal(first->attr.policy, 0);
	assert_int_equal(first->attr.nice, 5);
	assert_int_equal(second->attr.policy, 2);
	assert_int_equal(second->attr.priority, 7);
	assert_int_equal(second->attr.flags, 1);
}

static void cpu_that_is_not_here_is_no_reason_to_stay_away(void **state)
{
	ThreadSchedEntry s = THREAD_SCHED_ENTRY__INIT;
	uint8_t mask[1024] = { 0 };

	(void)state;
	core_of(0)->sched = &s;
	s.has_affinity = true;
	s.affinity.data = mask;
	s.affinity.len = sizeof(mask);
	mask[1023] = 0x80;				/* CPU 8191 */
	assert_int_equal(sched_kind.make_thread(&r, &t.threads[0]), 0);
	assert_int_equal(count(LATE_sched_affinity, 10), 0);
}

/* --- credentials --------------------------------------------------------------------------------------- */

static uint32_t no_caps[2], all_caps[2] = { UINT32_MAX, UINT32_MAX };

static CredsEntry *creds_new(size_t i)
{
	CredsEntry *c = arena_msg(&r.m.arena, CredsEntry, creds_entry__init);

	c->uid = c->euid = c->suid = c->fsuid = 1000;
	c->gid = c->egid = c->sgid = c->fsgid = 1000;
	c->n_cap_inh = c->n_cap_prm = c->n_cap_eff = c->n_cap_bnd = c->n_cap_amb = 2;
	c->cap_inh = c->cap_prm = c->cap_eff = c->cap_bnd = c->cap_amb = no_caps;
	core_of(i)->creds = c;
	return c;
}

static void creds_record_is_checked(void **state)
{
	CredsEntry *c = creds_new(0);

	(void)state;
	assert_int_equal(creds_kind.check(&t), 0);	/* threads without are as the leader */
	c->n_cap_eff = 1;
	assert_int_equal(creds_kind.check(&t), -EINVAL);
	c->n_cap_eff = 2;
	c->fsgid = -1;
	assert_int_equal(creds_kind.check(&t), -EINVAL);
	c->fsgid = 0;
	c->secbits = 0x10000;
	assert_int_equal(creds_kind.check(&t), -EINVAL);
	c->secbits = 0;
	c->n_groups = 65537;
	assert_int_equal(creds_kind.check(&t), -EINVAL);
	core_of(0)->creds = NULL;
	assert_int_equal(creds_kind.check(&t), -EINVAL);
}

static void unprivileged_thread_loses_everything(void **state)
{
	const struct creds_arm *row;
	uint32_t groups[] = { 4, 24, 65000 };
	CredsEntry *c = creds_new(0);

	(void)state;
	creds_new(1);
	creds_new(2);
	c->groups = groups;
	c->n_groups = 3;
	c->has_no_new_privs = true;
	c->no_new_privs = 1;
	assert_int_equal(creds_kind.note(&r), 0);
	assert_int_equal(creds_kind.make(&r, &t), 0);
	assert_int_equal(count(LATE_creds_groups, 10), 3);
	assert_int_equal(count(LATE_creds, 10), 1);
	row = row_of(LATE_creds, 10, 0);
	assert_true(row->steps & CREDS_IDS);
	assert_true(row->steps & CREDS_SECUREBITS);	/* or the temporary ones would stay */
	assert_true(row->steps & CREDS_NO_NEW_PRIVS);
	assert_int_equal(row->euid, 1000);
	assert_int_equal(row->caps.prm, 0);
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		assert_int_equal(row->drop >> cap & 1, prctl(PR_CAPBSET_READ, cap) == 1);
}

static void capability_that_the_tool_lacks_is_an_error(void **state)
{
	CredsEntry *c = creds_new(0);
	bool is_all_here = true;

	(void)state;
	c->cap_prm = c->cap_bnd = all_caps;
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		is_all_here &= prctl(PR_CAPBSET_READ, cap) == 1;
	if (is_all_here && !geteuid())
		skip();
	assert_int_equal(creds_kind.note(&r), 0);
	assert_int_equal(creds_kind.make(&r, &t), -EPERM);
	assert_int_equal(n_rows, 0);
}

static void privilege_stays_until_filters_are_there(void **state)
{
	const struct creds_arm *row;
	const uint64_t admin = 1ULL << CAP_SYS_ADMIN;
	const struct creds_final_arm *last;

	(void)state;
	if (geteuid() || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 1)
		skip();
	creds_new(0);
	creds_new(1);
	core_of(1)->has_seccomp_mode = true;
	core_of(1)->seccomp_mode = SECCOMP_MODE__filter;
	creds_new(2)->no_new_privs = 1;			/* needs no privilege */
	core_of(2)->has_seccomp_mode = true;
	core_of(2)->seccomp_mode = SECCOMP_MODE__filter;
	assert_int_equal(creds_kind.note(&r), 0);
	assert_int_equal(creds_kind.make(&r, &t), 0);
	row = row_of(LATE_creds, 10, 0);
	assert_int_equal(row->caps.eff, 0);
	row = row_of(LATE_creds, 11, 0);
	assert_int_equal(row->caps.eff, admin);
	assert_int_equal(row->caps.prm, admin);
	last = row_of(LATE_creds_final, 11, 0);
	assert_int_equal(last->caps.prm, 0);
	assert_int_equal(count(LATE_creds_final, 10), 0);
	assert_int_equal(count(LATE_creds_final, 12), 0);
}

static void capabilities_have_names(void **state)
{
	char text[64], small[20];

	(void)state;
	assert_string_equal(capability_names(0, text, sizeof(text)), "");
	assert_string_equal(capability_names(1ULL << 24 | 1ULL << 40 | 1ULL << 41, text, sizeof(text)),
			    "CAP_SYS_RESOURCE, CAP_CHECKPOINT_RESTORE, CAP_41");
	capability_names(UINT64_MAX, small, sizeof(small));
	assert_true(strlen(small) < sizeof(small));
}

static void labels_are_cut_to_what_images_hold(void **state)
{
	char enforce[] = "snap.firefox (enforce)\n", none[] = "unconfined\n", selinux[] = "system_u:system_r:httpd_t:s0\n";

	(void)state;
	assert_string_equal(lsm_label_parse(LSMTYPE__APPARMOR, enforce), "snap.firefox");
	assert_null(lsm_label_parse(LSMTYPE__APPARMOR, none));
	assert_string_equal(lsm_label_parse(LSMTYPE__SELINUX, selinux), "system_u:system_r:httpd_t:s0");
}

/* --- seccomp ------------------------------------------------------------------------------------------- */

static struct sock_filter allow[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
static struct sock_filter deny[] = { { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }, { BPF_RET | BPF_K, 0, 0, 0x50001 } };

static void filter_add(void *insns, size_t len, int prev, uint32_t flags)
{
	SeccompFilter *f = arena_msg(&r.m.arena, SeccompFilter, seccomp_filter__init);

	if (!r.m.seccomp)
		r.m.seccomp = arena_msg(&r.m.arena, SeccompEntry, seccomp_entry__init);
	f->filter.data = insns;
	f->filter.len = len;
	f->has_prev = prev >= 0;
	f->prev = prev;
	f->flags = flags;
	pb_push(&r.m.arena, r.m.seccomp->seccomp_filters, r.m.seccomp->n_seccomp_filters, f);
}

static void use_chain(size_t i, uint32_t newest)
{
	core_of(i)->has_seccomp_mode = true;
	core_of(i)->seccomp_mode = SECCOMP_MODE__filter;
	core_of(i)->seccomp_filter = newest;
}

static void common_beginning_is_installed_by_the_leader(void **state)
{
	const struct seccomp_arm *row;

	(void)state;
	for (int i = 0; i < 3; i++)
		creds_new(i);
	filter_add(allow, sizeof(allow), -1, 0);
	filter_add(deny, sizeof(deny), 0, SECCOMP_FILTER_FLAG_LOG);
	filter_add(allow, sizeof(allow), -1, 0);
	use_chain(0, 1);
	use_chain(1, 2);
	use_chain(2, 0);
	assert_int_equal(seccomp_kind.make(&r, &t), 0);
	assert_int_equal(count(LATE_seccomp_shared, 10), 2);	/* head, 1 instruction */
	assert_int_equal(count(LATE_seccomp, 10), 3);		/* head, 2 instructions */
	assert_int_equal(count(LATE_seccomp, 11) + count(LATE_seccomp, 12), 0);
	row = row_of(LATE_seccomp_shared, 10, 0);
	assert_int_equal(row->flags, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_int_equal(row->len, 1);
	row = row_of(LATE_seccomp, 10, 0);
	assert_int_equal(row->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	row = row_of(LATE_seccomp, 10, 2);
	assert_memory_equal(row, &deny[1], sizeof(*row));
}

static void chain_marked_for_all_threads_is_for_all(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		creds_new(i);
	filter_add(allow, sizeof(allow), -1, SECCOMP_FILTER_FLAG_TSYNC);
	use_chain(0, 0);
	assert_int_equal(seccomp_kind.make(&r, &t), 0);
	assert_int_equal(count(LATE_seccomp_shared, 10), 2);
	assert_int_equal(n_rows, 2);
}

static void filters_are_not_shared_where_it_would_spread_no_new_privs(void **state)
{
	(void)state;
	creds_new(0)->no_new_privs = 1;
	creds_new(1);
	creds_new(2);
	filter_add(allow, sizeof(allow), -1, 0);
	for (int i = 0; i < 3; i++)
		use_chain(i, 0);
	assert_int_equal(seccomp_kind.make(&r, &t), 0);
	assert_int_equal(count(LATE_seccomp_shared, 10), 0);
	assert_int_equal(count(LATE_seccomp, 10) + count(LATE_seccomp, 11) + count(LATE_seccomp, 12), 6);
}

static void thread_without_filters_keeps_the_others_from_sharing(void **state)
{
	(void)state;
	filter_add(allow, sizeof(allow), -1, 0);
	use_chain(0, 0);
	use_chain(1, 0);
	core_of(2)->has_seccomp_mode = true;
	core_of(2)->seccomp_mode = SECCOMP_MODE__strict;
	assert_int_equal(seccomp_kind.make(&r, &t), 0);
	assert_int_equal(count(LATE_seccomp_shared, 10), 0);
	assert_int_equal(((const struct seccomp_arm *)row_of(LATE_seccomp, 12, 0))->op, SECCOMP_ROW_STRICT);
}

static void bad_chains_are_refused(void **state)
{
	static struct sock_filter huge[BPF_MAXINSNS + 1];

	(void)state;
	use_chain(0, 0);
	assert_int_equal(seccomp_kind.make(&r, &t), -EINVAL);	/* no seccomp.img at all */
	filter_add(allow, sizeof(allow), 0, 0);			/* comes after itself */
	assert_int_equal(seccomp_kind.make(&r, &t), -EINVAL);
	filter_add(allow, sizeof(allow) - 1, -1, 0);
	filter_add(huge, sizeof(huge), -1, 0);
	filter_add(allow, 0, -1, 0);
	filter_add(allow, sizeof(allow), -1, 0x80);
	for (uint32_t i = 1; i <= 5; i++) {			/* 5: behind the last */
		use_chain(0, i);
		assert_int_equal(seccomp_kind.make(&r, &t), -EINVAL);
	}
	assert_int_equal(n_rows, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rseq_section_is_left_by_its_abort_handler),
		TEST(rseq_record_is_checked),
		TEST(name_of_an_old_image_is_that_of_the_process),
		TEST(robust_list_has_one_size),
		TEST(sched_record_is_checked),
		TEST(sched_mask_must_name_a_cpu),
		TEST(nice_of_a_realtime_thread_is_set_first),
		TEST(cpu_that_is_not_here_is_no_reason_to_stay_away),
		TEST(creds_record_is_checked),
		TEST(unprivileged_thread_loses_everything),
		TEST(capability_that_the_tool_lacks_is_an_error),
		TEST(privilege_stays_until_filters_are_there),
		TEST(capabilities_have_names),
		TEST(labels_are_cut_to_what_images_hold),
		TEST(common_beginning_is_installed_by_the_leader),
		TEST(chain_marked_for_all_threads_is_for_all),
		TEST(filters_are_not_shared_where_it_would_spread_no_new_privs),
		TEST(thread_without_filters_keeps_the_others_from_sharing),
		TEST(bad_chains_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
