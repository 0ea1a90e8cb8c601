/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signalfds: a mask. What they would read is in the queues of the reader. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/kind.h"
#include "signalfd.pb-c.h"

static int signalfd_fdinfo(struct dump *d not_used, void *rec, const char *key, const char *val)
{
	SignalfdEntry *e = rec;

	return streq(key, "sigmask") ? parse_u64(val, 16, &e->sigmask) : FDINFO_NOT_MINE;
}

static int signalfd_make(struct restore *r not_used, const void *rec, int *ret_fd)
{
	const SignalfdEntry *e = rec;
	/* The raw call: glibc's sigset_t is larger and keeps two signals for itself. */
	auto_fd int fd = syscall(SYS_signalfd4, -1, &e->sigmask, sizeof(e->sigmask), O_CLOEXEC);

	if (fd < 0)
		return fail_errno("signalfd");
	*ret_fd = take_fd(&fd);
	return 0;
}

const struct file_kind signalfd_kind = {
	.name = "signalfd",
	.type = FD_TYPES__SIGNALFD,
	.record = &signalfd_entry__descriptor,
	.sign = { .anon = "[signalfd]" },
	.fdinfo = signalfd_fdinfo,
	.make = signalfd_make,
};
