/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timerfds: clock, what remains, interval, and expirations that were not read yet. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/fdinfo.h"
#include "pie/kinds.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"

/* linux/timerfd.h has it, which does not go with fcntl.h. */
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)

enum { NSEC_PER_SEC = 1000000000 };

/* "(seconds, nanoseconds)" */
static int parse_pair(const char *val, uint64_t *ret_sec, uint64_t *ret_nsec)
{
	struct cursor c = { .p = val };

	take_char(&c, '(');
	*ret_sec = take_u64(&c, 10);
	take_char(&c, ',');
	*ret_nsec = take_u64(&c, 10);
	take_char(&c, ')');
	return c.bad ? -EINVAL : 0;
}

static int timerfd_fdinfo(struct dump *d not_used, void *rec, const char *key, const char *val)
{
	TimerfdEntry *e = rec;

	if (streq(key, "clockid"))
		return parse_u32(val, 10, &e->clockid);
	if (streq(key, "ticks"))
		return parse_u64(val, 10, &e->ticks);
	if (streq(key, "settime flags"))
		return parse_u32(val, 8, &e->settime_flags);
	if (streq(key, "it_value"))
		return parse_pair(val, &e->vsec, &e->vnsec);
	if (streq(key, "it_interval"))
		return parse_pair(val, &e->isec, &e->insec);
	return FDINFO_NOT_MINE;
}

/*
 * An expired periodic timer stands still until somebody asks: fdinfo shows nothing remaining and one tick, and the
 * phase would be lost. Asking counts the ticks and starts it again, as the next read of the target would.
 */
static int timerfd_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	TimerfdEntry *e = rec;
	struct itimerspec now;
	auto_free char *text = NULL;
	size_t room = 0;
	char path[48];
	int err;

	if (e->vsec || e->vnsec || !(e->isec || e->insec))
		return 0;
	if (syscall(SYS_timerfd_gettime, f->copy, &now) < 0)
		return fail_errno("timerfd_gettime");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", f->copy);
	err = fdinfo_read(AT_FDCWD, path, &text, &room);
	if (!err)
		err = fdinfo_offer(d, file_kind_by_type(FD_TYPES__TIMERFD), rec, text);
	if (err)
		return fail_with(err, "read %s", path);
	/* Expired once more in between: it must not be taken for one that stands still for good. */
	if (!e->vsec && !e->vnsec) {
		e->vsec = now.it_value.tv_sec;
		e->vnsec = now.it_value.tv_nsec ?: 1;
	}
	return 0;
}

static bool is_timer_clock(uint32_t clockid)
{
	return clockid == CLOCK_REALTIME || clockid == CLOCK_MONOTONIC || clockid == CLOCK_BOOTTIME ||
	       clockid == CLOCK_REALTIME_ALARM || clockid == CLOCK_BOOTTIME_ALARM;
}

static int timerfd_check(const void *rec)
{
	const TimerfdEntry *e = rec;

	if (!is_timer_clock(e->clockid))
		return fail(EINVAL, "unknown clock %u", e->clockid);
	if (e->settime_flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return fail(EINVAL, "unknown settime flags 0x%x", e->settime_flags);
	if (e->vnsec >= NSEC_PER_SEC || e->insec >= NSEC_PER_SEC)
		return fail(EINVAL, "nanoseconds out of range");
	if (e->vsec > INT64_MAX / NSEC_PER_SEC || e->isec > INT64_MAX / NSEC_PER_SEC)
		return fail(EINVAL, "seconds out of range");
	return 0;
}

static int timerfd_make(struct restore *r not_used, const void *rec, int *ret_fd)
{
	const TimerfdEntry *e = rec;
	auto_fd int fd = syscall(SYS_timerfd_create, e->clockid, TFD_CLOEXEC);

	if (fd < 0)
		return fail_errno("create a timer of clock %u", e->clockid);
	/* Readable from now on, for an epoll that has been told so; the restorer sets them again with the timer. */
	if (e->ticks && ioctl(fd, TFD_IOC_SET_TICKS, &e->ticks) < 0)
		return fail_errno("set %" PRIu64 " ticks", e->ticks);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int timerfd_fill(struct restore *r, const struct task *t, const void *rec, int fd)
{
	const TimerfdEntry *e = rec;
	struct timerfd_arm row = {
		.fd = fd,
		.clockid = e->clockid,
		.flags = e->settime_flags,
		.ticks = e->ticks,
		.value_sec = e->vsec,
		.value_nsec = e->vnsec,
		.interval_sec = e->isec,
		.interval_nsec = e->insec,
	};

	late_add(r, LATE_timerfd, leader(t), &row, sizeof(row));
	return 0;
}

const struct file_kind timerfd_kind = {
	.name = "timerfd",
	.type = FD_TYPES__TIMERFD,
	.record = &timerfd_entry__descriptor,
	.sign = { .anon = "[timerfd]" },
	.fdinfo_moves = true,
	.fdinfo = timerfd_fdinfo,
	.scan = timerfd_scan,
	.check = timerfd_check,
	.make = timerfd_make,
	.fill = timerfd_fill,
};
