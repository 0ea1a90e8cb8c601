/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eventfds: a counter of 64 bits, in one of two modes. */
#include <inttypes.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/kind.h"
#include "options.h"
#include "run/dump.h"

static int eventfd_fdinfo(struct dump *d not_used, void *rec, const char *key, const char *val)
{
	EventfdFileEntry *e = rec;
	bool is_semaphore = false;
	int err;

	if (streq(key, "eventfd-count"))
		return parse_u64(val, 16, &e->counter);
	if (streq(key, "eventfd-semaphore")) {
		err = parse_bool(val, &is_semaphore);
		e->has_semaphore = !err;	/* for eventfd_scan(): the kernel has said it */
		e->semaphore = is_semaphore;
		return err;
	}
	/* A number for humans. */
	return streq(key, "eventfd-id") ? 0 : FDINFO_NOT_MINE;
}

/*
 * Before 6.5 (eventfd_show_fdinfo) nothing tells the mode but a read, which takes
 * from the counter: the target's and ours are one.
 */
static int eventfd_scan(struct dump *d not_used, const struct file_facts *f not_used, void *rec)
{
	EventfdFileEntry *e = rec;

	if (!e->has_semaphore)
		warn("this kernel does not say whether the eventfd is in semaphore mode: it comes back as a counter "
		     "(criu check --feature eventfd-semaphore)");
	e->has_semaphore = e->semaphore;	/* an extension: not written where it says nothing */
	return 0;
}

static void eventfd_refuse(struct dump *d, const struct file_facts *f not_used, const void *rec)
{
	const EventfdFileEntry *e = rec;

	if (e->semaphore && d->opt->plain_images)
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED,
		       "eventfd in semaphore mode, which plain images cannot say (dump without --plain-images)");
	/* Only the kernel can count so far, and no write can say it again. */
	if (e->counter == UINT64_MAX)
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED, "eventfd counter has overflowed");
}

static int eventfd_check(const void *rec)
{
	const EventfdFileEntry *e = rec;

	if (e->counter == UINT64_MAX)
		return fail(EINVAL, "counter %" PRIu64 " cannot be set", e->counter);
	return 0;
}

static int eventfd_make(struct restore *r not_used, const void *rec, int *ret_fd)
{
	const EventfdFileEntry *e = rec;
	auto_fd int fd = eventfd(0, EFD_CLOEXEC | (e->semaphore ? EFD_SEMAPHORE : 0));

	if (fd < 0)
		return fail_errno("eventfd");
	/* eventfd(2) takes 32 bits of a 64-bit counter, so the value is written. */
	if (e->counter && write(fd, &e->counter, sizeof(e->counter)) < 0)
		return fail_errno("set counter to %" PRIu64, e->counter);
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct file_kind eventfd_kind = {
	.name = "eventfd",
	.type = FD_TYPES__EVENTFD,
	.record = &eventfd_file_entry__descriptor,
	.sign = { .anon = "[eventfd]" },
	.fdinfo = eventfd_fdinfo,
	.scan = eventfd_scan,
	.refuse = eventfd_refuse,
	.check = eventfd_check,
	.make = eventfd_make,
};
