/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of /proc/PID/stat and status, on captured text. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/arena.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "kernel/proc_timers.h"
#include "kernel/read.h"

#define STAT_TAIL                                                                                  \
	" S 16637 16638 11410 -34 -1 4194560 99 0 0 0 5 6 0 0 39 19 3 0 225500 3133440 413 "        \
	"18446744073709551615 94677849907200 94677849927081 140733793675536 0 0 0 0 4096 16384 0 0 " \
	"0 17 1 2 1 0 0 0 94677849943088 94677849944704 94678888460288 140733793680005 "            \
	"140733793680025 140733793680026 140733793681387 256\n"

static void stat_gives_each_field_its_place(void **state)
{
	struct proc_stat s;

	(void)state;
	assert_int_equal(proc_stat_parse("16645 (cat)" STAT_TAIL, &s), 0);
	assert_int_equal(s.pid, 16645);
	assert_string_equal(s.comm, "cat");
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.ppid, 16637);
	assert_int_equal(s.pgrp, 16638);
	assert_int_equal(s.session, 11410);
	assert_int_equal(s.tty_nr, -34);
	assert_int_equal(s.tpgid, -1);
	assert_int_equal(s.flags, 4194560);
	assert_int_equal(s.utime, 5);
	assert_int_equal(s.stime, 6);
	assert_int_equal(s.priority, 39);
	assert_int_equal(s.nice, 19);
	assert_int_equal(s.num_threads, 3);
	assert_int_equal(s.starttime, 225500);
	assert_int_equal(s.vsize, 3133440);
	assert_int_equal(s.start_code, 94677849907200);
	assert_int_equal(s.end_code, 94677849927081);
	assert_int_equal(s.start_stack, 140733793675536);
	assert_int_equal(s.exit_signal, 17);
	assert_int_equal(s.processor, 1);
	assert_int_equal(s.rt_priority, 2);
	assert_int_equal(s.policy, 1);
	assert_int_equal(s.start_data, 94677849943088);
	assert_int_equal(s.end_data, 94677849944704);
	assert_int_equal(s.start_brk, 94678888460288);
	assert_int_equal(s.arg_start, 140733793680005);
	assert_int_equal(s.arg_end, 140733793680025);
	assert_int_equal(s.env_start, 140733793680026);
	assert_int_equal(s.env_end, 140733793681387);
	assert_int_equal(s.exit_code, 256);
}

static void stat_survives_any_comm(void **state)
{
	static const char *const odd[] = { "", ")", "a) S 1 2", "((x", "two words", "line\nbreak", "\\n", "\xff\xfe" };
	struct proc_stat s;
	char text[512];

	(void)state;
	for (size_t i = 0; i < array_size(odd); i++) {
		snprintf(text, sizeof(text), "7 (%s)" STAT_TAIL, odd[i]);
		assert_int_equal(proc_stat_parse(text, &s), 0);
		assert_string_equal(s.comm, odd[i]);
		assert_int_equal(s.ppid, 16637);
	}
}

static void stat_refuses_what_is_no_stat(void **state)
{
	static const char *const bad[] = { "", "7", "7 (", "7 )a(" STAT_TAIL, "x (a)" STAT_TAIL, "7 (a)", "7 (a) ",
					   "7 (a) S 1 2 3", "7 (a) S 1 2 x 4" };
	struct proc_stat s;
	char text[512] = "7 (";

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(proc_stat_parse(bad[i], &s), -EINVAL);
	memset(text + 3, 'a', 64);
	strcpy(text + 67, ")" STAT_TAIL);
	assert_int_equal(proc_stat_parse(text, &s), -EINVAL);
}

static const char status_text[] =
	"Name:\todd\\nname\nUmask:\t0027\nState:\tT (stopped)\nTgid:\t16644\nNgid:\t0\nPid:\t16646\nPPid:\t16637\n"
	"TracerPid:\t99\nUid:\t0\t1\t2\t4294967294\nGid:\t4\t5\t6\t7\nFDSize:\t256\nGroups:\t0 10 4294967294 \n"
	"NStgid:\t16644\t1\nNSpid:\t16646\t3\nNSpgid:\t16637\t0\nNSsid:\t11410\t0\nKthread:\t0\nVmPeak:\t    3060 kB\n"
	"CoreDumping:\t0\nTHP_enabled:\t1\nThreads:\t2\nSigQ:\t0/96365\nSigPnd:\t0000000000000001\n"
	"ShdPnd:\t8000000000000000\nSigBlk:\t0000000000000200\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000004\n"
	"CapInh:\t0000000000000000\nCapPrm:\t000001fffeffffff\nCapEff:\t000001fffeffffff\nCapBnd:\t000001fffefffff0\n"
	"CapAmb:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t5\n"
	"Speculation_Store_Bypass:\tthread vulnerable\nSpeculationIndirectBranch:\talways enabled\n";

static int parse_status(const char *text, struct arena *a, struct proc_status *ret)
{
	return proc_status_parse(arena_strdup(a, text), a, ret);
}

static void status_gives_each_key_its_place(void **state)
{
	struct arena a = { 0 };
	struct proc_status s;

	(void)state;
	assert_int_equal(parse_status(status_text, &a, &s), 0);
	assert_int_equal(s.state, 'T');
	assert_true(s.has_umask);
	assert_int_equal(s.umask, 027);
	assert_int_equal(s.tgid, 16644);
	assert_int_equal(s.pid, 16646);
	assert_int_equal(s.ppid, 16637);
	assert_int_equal(s.tracer_pid, 99);
	assert_int_equal(s.uid[0], 0);
	assert_int_equal(s.uid[3], 4294967294);
	assert_int_equal(s.gid[0], 4);
	assert_int_equal(s.gid[3], 7);
	assert_int_equal(s.n_groups, 3);
	assert_int_equal(s.groups[1], 10);
	assert_int_equal(s.groups[2], 4294967294);
	assert_int_equal(proc_pids_own(&s.ns_tgid), 1);
	assert_int_equal(s.ns_pid.n, 2);
	assert_int_equal(s.ns_pid.level[0], 16646);
	assert_int_equal(proc_pids_own(&s.ns_pid), 3);
	assert_int_equal(proc_pids_own(&s.ns_pgid), 0);
	assert_int_equal(s.threads, 2);
	assert_true(s.has_thp_enabled && s.thp_enabled);
	assert_false(s.is_kthread || s.is_dumping_core);
	assert_int_equal(s.sig_pnd, 1);
	assert_int_equal(s.shd_pnd, 1ULL << 63);
	assert_int_equal(s.sig_blk, 0x200);
	assert_int_equal(s.sig_ign, 0x1000);
	assert_int_equal(s.sig_cgt, 4);
	assert_int_equal(s.cap_inh, 0);
	assert_int_equal(s.cap_prm, 0x1fffeffffff);
	assert_int_equal(s.cap_bnd, 0x1fffefffff0);
	assert_int_equal(s.cap_amb, 1);
	assert_true(s.no_new_privs && s.has_seccomp);
	assert_int_equal(s.seccomp, 2);
	assert_int_equal(s.seccomp_filters, 5);
	assert_string_equal(s.store_bypass, "thread vulnerable");
	assert_string_equal(s.indirect_branch, "always enabled");
	arena_free(&a);
}

static void status_of_an_older_kernel_is_enough(void **state)
{
	struct arena a = { 0 };
	struct proc_status s;

	(void)state;
	assert_int_equal(parse_status("State:\tZ (zombie)\nPid:\t5\nGroups:\t\nNewKey:\tx\n", &a, &s), 0);
	assert_int_equal(s.state, 'Z');
	assert_int_equal(s.n_groups, 0);
	assert_false(s.has_umask || s.has_seccomp || s.has_thp_enabled);
	assert_null(s.store_bypass);
	arena_free(&a);
}

static void status_refuses_what_is_no_status(void **state)
{
	static const char *const bad[] = { "", "no colon\n", "Pid:\t5\n", "State:\tS\n", "State:\tS\nPid:\t5x\n",
					   "State:\tS\nPid:\t5\nUid:\t1 2 3\n", "State:\tS\nPid:\t5\nGroups:\t1 x\n",
					   "State:\tS\nPid:\t5\nCapPrm:\t1ffffffffffffffff\n", "State:\tS\nPid:\t5\nNoNewPrivs:\t2\n" };
	struct arena a = { 0 };
	struct proc_status s;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		assert_true(parse_status(bad[i], &a, &s) < 0);
	arena_free(&a);
}

static const char timers_text[] =
	"ID: 40\nsignal: 10/00000000deadbeef\nnotify: thread/pid.19833\nClockID: 1\n"
	"ID: 3\nsignal: 64/ffffffffffffffff\nnotify: none/pid.19833\nClockID: -158670\n"
	"ID: 1\nsignal: 0/0000000000000000\nnotify: signal/tid.19834\nClockID: 0\n"
	"ID: 0\nsignal: 10/00000000deadbeef\nnotify: signal/pid.19833\nClockID: -2\n";

static int parse_timers(const char *text, struct arena *a, struct proc_timers *ret)
{
	return proc_timers_parse(arena_strdup(a, text), a, ret);
}

static void timers_come_in_order_of_id(void **state)
{
	struct arena a = { 0 };
	struct proc_timers t;

	(void)state;
	assert_int_equal(parse_timers(timers_text, &a, &t), 0);
	assert_int_equal(t.list.n, 4);
	assert_int_equal(t.list.v[0].id, 0);
	assert_int_equal(t.list.v[0].clock, -2);
	assert_int_equal(t.list.v[0].notify, SIGEV_SIGNAL);
	assert_int_equal(t.list.v[1].id, 1);
	assert_int_equal(t.list.v[1].notify, SIGEV_SIGNAL | SIGEV_THREAD_ID);
	assert_int_equal(t.list.v[1].pid_real, 19834);
	assert_int_equal(t.list.v[2].notify, SIGEV_NONE);
	assert_int_equal(t.list.v[2].signo, 64);
	assert_true(t.list.v[2].value == UINT64_MAX);
	assert_int_equal(t.list.v[2].clock, -158670);
	assert_int_equal(t.list.v[3].id, 40);
	assert_int_equal(t.list.v[3].notify, SIGEV_THREAD);
	assert_int_equal(t.list.v[3].value, 0xdeadbeef);
	assert_int_equal(parse_timers("", &a, &t), 0);
	assert_int_equal(t.list.n, 0);
	arena_free(&a);
}

static void timers_refuse_what_is_no_timer(void **state)
{
	static const char *const bad[] = {
		"x", "ID: 1\n", "ID: x\nsignal: 1/0\nnotify: signal/pid.1\nClockID: 0\n",
		"ID: 1\nsignal: 1\nnotify: signal/pid.1\nClockID: 0\n",
		"ID: 1\nsignal: 1/0\nnotify: other/pid.1\nClockID: 0\n",
		"ID: 1\nsignal: 1/0\nnotify: signal/uid.1\nClockID: 0\n",
		"ID: 1\nsignal: 1/0\nnotify: signal/pid.1\nClockID: 0",
	};
	struct arena a = { 0 };
	struct proc_timers t;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(parse_timers(bad[i], &a, &t), -EINVAL);
	arena_free(&a);
}

static void own_files_are_read(void **state)
{
	struct arena a = { 0 };
	struct proc_status status;
	struct proc_stat stat;

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, ") (odd\n"), 0);
	assert_int_equal(proc_stat_read(getpid(), getpid(), &stat), 0);
	assert_string_equal(stat.comm, ") (odd\n");
	assert_int_equal(stat.pid, getpid());
	assert_int_equal(stat.ppid, getppid());
	assert_int_equal(proc_status_read(getpid(), 0, &a, &status), 0);
	assert_int_equal(status.tgid, getpid());
	assert_int_equal(status.uid[1], geteuid());
	assert_int_equal(proc_stat_read(0x7fffffff, 0, &stat), -ENOENT);
	arena_free(&a);
}

static void long_files_are_read_whole(void **state)
{
	auto_proc_text text;

	(void)state;
	assert_int_equal(proc_text_read(&text, "/proc/%s", "kallsyms"), 0);
	assert_true(text.len > 2 * sizeof(text.room));
	assert_int_equal(strlen(text.s), text.len);
	assert_int_equal(text.s[text.len - 1], '\n');
}

/* Pieces as they come, one after the other; and a fault on demand. */
struct collected {
	char *at, *end;
	size_t n_pieces;
};

static int collect(void *arg, char *lines)
{
	struct collected *c = arg;
	size_t len = strlen(lines);

	assert_true(len > 0 && c->at + len < c->end);
	memcpy(c->at, lines, len + 1);
	c->at += len;
	c->n_pieces++;
	return len > 2 && !strncmp(c->at - 3, "no\n", 3) ? -EPERM : 0;
}

static int collect_file(const char *text, size_t len, char *ret, size_t size, size_t *ret_pieces)
{
	struct collected c = { .at = ret, .end = ret + size };
	char path[] = "/tmp/pieces-XXXXXX";
	int fd = mkstemp(path), err;

	assert_int_equal(write(fd, text, len), len);
	close(fd);
	err = proc_text_pieces(collect, &c, "%s", path);
	unlink(path);
	*ret_pieces = c.n_pieces;
	return err;
}

static void pieces_are_of_whole_lines(void **state)
{
	enum { LINES = 3000, LEN = 37 };
	static char text[LINES * LEN], got[sizeof(text) + 1];
	size_t n;

	(void)state;
	for (int i = 0; i < LINES; i++) {
		memset(text + i * LEN, 'a' + i % 26, LEN - 1);
		text[i * LEN + LEN - 1] = '\n';
	}
	assert_int_equal(collect_file(text, sizeof(text), got, sizeof(got), &n), 0);
	assert_true(n > 2);
	assert_memory_equal(got, text, sizeof(text));
	/* Without an end of line at the end, and with nothing at all. */
	assert_int_equal(collect_file("ab\ncd", 5, got, sizeof(got), &n), 0);
	assert_string_equal(got, "ab\ncd");
	assert_int_equal(collect_file("", 0, got, sizeof(got), &n), 0);
	assert_int_equal(n, 0);
	/* The reader may end it; a line that no path can fill is refused. */
	memcpy(text, "no\n", 3);
	assert_int_equal(collect_file(text, 3, got, sizeof(got), &n), -EPERM);
	memset(text, 'x', sizeof(text));
	assert_int_equal(collect_file(text, sizeof(text), got, sizeof(got), &n), -E2BIG);
	assert_int_equal(proc_text_pieces(collect, NULL, "/proc/%d/smaps", 0x7fffffff), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_gives_each_field_its_place),
		cmocka_unit_test(stat_survives_any_comm),
		cmocka_unit_test(stat_refuses_what_is_no_stat),
		cmocka_unit_test(status_gives_each_key_its_place),
		cmocka_unit_test(status_of_an_older_kernel_is_enough),
		cmocka_unit_test(status_refuses_what_is_no_status),
		cmocka_unit_test(timers_come_in_order_of_id),
		cmocka_unit_test(timers_refuse_what_is_no_timer),
		cmocka_unit_test(own_files_are_read),
		cmocka_unit_test(long_files_are_read_whole),
		cmocka_unit_test(pieces_are_of_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
