/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/coredump_filter: which mappings go into a core dump. Belongs to the address space. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/read.h"
#include "model/model.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/pids.h"

static int read_filter(pid_t pid_real, uint32_t *ret)
{
	auto_proc_text text;
	int err = proc_text_read(&text, "/proc/%d/coredump_filter", pid_real);

	return err ? err : parse_u32(text.s, 16, ret);
}

static int coredump_filter_scan(struct dump *d not_used, struct task *t)
{
	TaskCoreEntry *tc = leader(t)->core->tc;
	int err = read_filter(leader(t)->pid_real, &tc->coredump_filter);

	if (err == -ENOENT)	/* a kernel without core dumps */
		return 0;
	if (err)
		return fail_with(err, "read /proc/%d/coredump_filter", leader(t)->pid_real);
	tc->has_coredump_filter = true;
	return 0;
}

static int write_filter(uint32_t filter)
{
	auto_fd int fd = proc_open("/proc/self/coredump_filter", O_WRONLY);
	char text[16];
	int len = snprintf(text, sizeof(text), "0x%x", filter);

	if (fd < 0)
		return fail_errno("open /proc/self/coredump_filter");
	if (write(fd, text, len) != len)
		return fail_errno("write %s to /proc/self/coredump_filter", text);
	return 0;
}

static int coredump_filter_make(struct restore *r not_used, const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;
	uint32_t own;

	if (!tc->has_coredump_filter)
		return 0;
	if (!read_filter(pids_own_real(), &own) && own == tc->coredump_filter)
		return 0;
	return write_filter(tc->coredump_filter);
}

const struct task_kind coredump_filter_kind = {
	.name = "coredump_filter",
	.scan = coredump_filter_scan,
	.make = coredump_filter_make,
};
