/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of open file read their lines of fdinfo, on captured text. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail				/* cmocka has one, too */
#include "base/log.h"
#include "file/fdinfo.h"
#include "file/locks.h"
#include "file/record.h"
#include "run/dump.h"

/* A dump with one file of this type; its record is filled from the text. */
static void *record_from(struct dump *d, FdTypes type, const char *text)
{
	struct file *f = model_file_add(&d->m, file_kind_by_type(type));

	record_begin(&d->m, f, 0, 0);
	assert_int_equal(fdinfo_offer(d, f->kind, f->rec, text), 0);
	return f->rec;
}

static void common_lines_are_found(void **state)
{
	struct fdinfo_common c;

	(void)state;
	assert_int_equal(fdinfo_parse("pos:\t4096\nflags:\t02102001\nmnt_id:\t29\nino:\t12\n", &c), 0);
	assert_int_equal(c.pos, 4096);
	assert_int_equal(c.flags, O_CLOEXEC | O_APPEND | O_WRONLY | 0100000);
	assert_int_equal(c.mnt_id, 29);
}

static FileLockEntry lock_of(const char *line)
{
	FileLockEntry e = FILE_LOCK_ENTRY__INIT;

	assert_int_equal(lock_parse(line, &e), 0);
	return e;
}

static int try_lock(const char *line)
{
	FileLockEntry e = FILE_LOCK_ENTRY__INIT;

	return lock_parse(line, &e);
}

/* As Linux 6.18 prints them; what follows the line is the rest of fdinfo. */
static void locks_are_parsed(void **state)
{
	FileLockEntry e = lock_of("1: POSIX  ADVISORY  READ 28278 fe:00:1164353 1073741826 1073742335\n");

	(void)state;
	assert_int_equal(e.flag, LOCK_POSIX);
	assert_int_equal(e.type, F_RDLCK);
	assert_int_equal(e.start, 1073741826);
	assert_int_equal(e.len, 510);
	e = lock_of("1: FLOCK  ADVISORY  WRITE 691 08:01:1234 0 EOF\nlock:\t2:");
	assert_int_equal(e.flag, LOCK_FLOCK);
	assert_int_equal(e.type, F_WRLCK);
	assert_true(!e.start && !e.len);
	e = lock_of("12: OFDLCK ADVISORY  WRITE -1 08:01:1234 7 EOF");
	assert_int_equal(e.flag, LOCK_OFD);
	assert_true(e.start == 7 && !e.len);
	assert_int_equal(lock_of("1: POSIX  ADVISORY  WRITE 0 00:2f:3 5 5").len, 1);
}

static void other_lines_are_no_locks(void **state)
{
	(void)state;
	assert_int_equal(try_lock("1: LEASE  ACTIVE    READ 691 08:01:1234 0 EOF"), -EOPNOTSUPP);
	assert_int_equal(try_lock("1: DELEG  BREAKING  READ 691 08:01:1234 0 EOF"), -EOPNOTSUPP);
	assert_int_equal(try_lock("1: POSIX  MANDATORY READ 691 08:01:1234 0 EOF"), -EOPNOTSUPP);
	assert_int_equal(try_lock("1: POSIX  ADVISORY  UNLCK 691 08:01:1234 0 EOF"), -EOPNOTSUPP);
	assert_int_equal(try_lock(""), -EINVAL);
	assert_int_equal(try_lock("x: POSIX  ADVISORY  READ 691 08:01:1234 0 EOF"), -EINVAL);
	assert_int_equal(try_lock("1: POSIX  ADVISORY  READ 691 0801:1234 0 EOF"), -EINVAL);
	assert_int_equal(try_lock("1: POSIX  ADVISORY  READ 691 08:01:1234 9 8"), -EINVAL);
	assert_int_equal(try_lock("1: POSIX  ADVISORY  READ 691 08:01:1234 9 9223372036854775808"), -EINVAL);
	assert_int_equal(try_lock("1: POSIX  ADVISORY  READ 691 08:01:1234 18446744073709551615 EOF"), -EINVAL);
}

static void text_without_flags_is_refused(void **state)
{
	struct fdinfo_common c;

	(void)state;
	assert_int_equal(fdinfo_parse("pos:\t0\n", &c), -EINVAL);
	assert_int_equal(fdinfo_parse("", &c), -EINVAL);
	assert_int_equal(fdinfo_parse("pos:\t0x\nflags:\t0\n", &c), -EINVAL);
	assert_int_equal(fdinfo_parse("flags:\t9\n", &c), -EINVAL);
}

static void eventfd_reads_all_64_bits_of_the_counter(void **state)
{
	struct dump d = { 0 };
	EventfdFileEntry *e = record_from(&d, FD_TYPES__EVENTFD,
					  "pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t2057\n"
					  "eventfd-count:      10000000007\neventfd-id: 12\neventfd-semaphore: 1\n");

	(void)state;
	assert_int_equal(e->counter, (1ULL << 40) + 7);
	assert_true(e->has_semaphore && e->semaphore);
	arena_free(&d.m.arena);
}

static void eventfd_of_an_older_kernel_is_a_counter(void **state)
{
	struct dump d = { 0 };
	EventfdFileEntry *e = record_from(&d, FD_TYPES__EVENTFD, "flags:\t02\neventfd-count:                0\n");

	(void)state;
	assert_int_equal(e->counter, 0);
	assert_false(e->has_semaphore);
	arena_free(&d.m.arena);
}

/* A scan of this text: its record, and whether the log has the warning. */
static void log_of_scan(const char *text, bool *ret_says_mode_unknown, EventfdFileEntry *ret)
{
	struct dump d = { 0 };
	EventfdFileEntry *e = record_from(&d, FD_TYPES__EVENTFD, text);
	int fds[2], old = log_fd();
	char log[1024] = "";

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	log_to_fd(fds[1]);
	assert_int_equal(file_kind_by_type(FD_TYPES__EVENTFD)->scan(&d, NULL, e), 0);
	log_to_fd(old);
	if (read(fds[0], log, sizeof(log) - 1) < 0)
		log[0] = 0;
	close(fds[0]);
	close(fds[1]);
	*ret_says_mode_unknown = strstr(log, "does not say whether the eventfd is in semaphore mode") != NULL;
	*ret = *e;
	arena_free(&d.m.arena);
}

static void eventfd_without_its_mode_is_warned_of(void **state)
{
	EventfdFileEntry e;
	bool is_unknown;

	(void)state;
	log_of_scan("flags:\t02\neventfd-count:                5\neventfd-id: 3\n", &is_unknown, &e);	/* Linux 6.1 */
	assert_true(is_unknown);
	assert_false(e.has_semaphore);
	log_of_scan("flags:\t02\neventfd-count: 5\neventfd-id: 3\neventfd-semaphore: 0\n", &is_unknown, &e);
	assert_false(is_unknown || e.has_semaphore);
	log_of_scan("flags:\t02\neventfd-count: 5\neventfd-id: 3\neventfd-semaphore: 1\n", &is_unknown, &e);
	assert_false(is_unknown);
	assert_true(e.has_semaphore && e.semaphore);
}

static void timerfd_reads_every_field(void **state)
{
	struct dump d = { 0 };
	TimerfdEntry *e = record_from(&d, FD_TYPES__TIMERFD,
				      "flags:\t02\nclockid: 1\nticks: 3\nsettime flags: 03\n"
				      "it_value: (7, 49406829)\nit_interval: (1, 500000000)\n");

	(void)state;
	assert_int_equal(e->clockid, 1);
	assert_int_equal(e->ticks, 3);
	assert_int_equal(e->settime_flags, 3);
	assert_int_equal(e->vsec, 7);
	assert_int_equal(e->vnsec, 49406829);
	assert_int_equal(e->isec, 1);
	assert_int_equal(e->insec, 500000000);
	arena_free(&d.m.arena);
}

static void signalfd_reads_its_mask(void **state)
{
	struct dump d = { 0 };
	SignalfdEntry *e = record_from(&d, FD_TYPES__SIGNALFD, "flags:\t02\nsigmask:\t8000000000000200\n");

	(void)state;
	assert_int_equal(e->sigmask, 0x8000000000000200);
	arena_free(&d.m.arena);
}

static void epoll_reads_targets(void **state)
{
	struct dump d = { 0 };
	EventpollFileEntry *e = record_from(&d, FD_TYPES__EVENTPOLL,
		"flags:\t02\n"
		"tfd:        5 events:       1d data:                5  pos:0 ino:2c29 sdev:d\n"
		"tfd:       11 events: c0000019 data: ffffffffffffffff  pos:0 ino:7 sdev:fe00000\n"
		"tfd:       12 events:       19 data:               12\n");

	(void)state;
	assert_int_equal(e->n_tfd, 3);
	assert_int_equal(e->tfd[0]->tfd, 5);
	assert_int_equal(e->tfd[0]->events, 0x1d);
	assert_int_equal(e->tfd[0]->inode, 0x2c29);
	assert_int_equal(e->tfd[1]->events, 0xc0000019);
	assert_int_equal(e->tfd[1]->data, UINT64_MAX);
	assert_int_equal(e->tfd[1]->dev, 0xfe00000);
	assert_true(e->tfd[1]->has_dev && e->tfd[1]->has_inode && e->tfd[1]->has_pos);
	assert_false(e->tfd[2]->has_inode);
	arena_free(&d.m.arena);
}

static void impossible_values_are_errors(void **state)
{
	static const struct {
		FdTypes type;
		const char *text;
	} bad[] = {
		{ FD_TYPES__EVENTFD, "eventfd-count: xyz\n" },
		{ FD_TYPES__EVENTFD, "eventfd-semaphore: 2\n" },
		{ FD_TYPES__TIMERFD, "it_value: 7, 4\n" },
		{ FD_TYPES__TIMERFD, "clockid: -1\n" },
		{ FD_TYPES__SIGNALFD, "sigmask:\t\n" },
		{ FD_TYPES__EVENTPOLL, "tfd: 5 events: 1d\n" },
	};
	struct dump d = { 0 };

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct file *f = model_file_add(&d.m, file_kind_by_type(bad[i].type));

		record_begin(&d.m, f, 0, 0);
		assert_true(fdinfo_offer(&d, f->kind, f->rec, bad[i].text) < 0);
	}
	arena_free(&d.m.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_lines_are_found),
		cmocka_unit_test(locks_are_parsed),
		cmocka_unit_test(other_lines_are_no_locks),
		cmocka_unit_test(text_without_flags_is_refused),
		cmocka_unit_test(eventfd_reads_all_64_bits_of_the_counter),
		cmocka_unit_test(eventfd_of_an_older_kernel_is_a_counter),
		cmocka_unit_test(eventfd_without_its_mode_is_warned_of),
		cmocka_unit_test(timerfd_reads_every_field),
		cmocka_unit_test(signalfd_reads_its_mask),
		cmocka_unit_test(epoll_reads_targets),
		cmocka_unit_test(impossible_values_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
