/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/loginuid: whom the audit system holds responsible. 0xffffffff: nobody has logged in. */
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

static int read_loginuid(pid_t pid_real, uint32_t *ret)
{
	auto_proc_text text;
	int err = proc_text_read(&text, "/proc/%d/loginuid", pid_real);

	return err ? err : parse_u32(text.s, 10, ret);
}

static int loginuid_scan(struct dump *d not_used, struct task *t)
{
	TaskCoreEntry *tc = leader(t)->core->tc;
	int err = read_loginuid(leader(t)->pid_real, &tc->loginuid);

	if (err == -ENOENT)	/* a kernel without audit */
		return 0;
	if (err)
		return fail_with(err, "read /proc/%d/loginuid", leader(t)->pid_real);
	tc->has_loginuid = true;
	return 0;
}

static int write_loginuid(uint32_t uid)
{
	auto_fd int fd = proc_open("/proc/self/loginuid", O_WRONLY);
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", uid);

	if (fd < 0 || write(fd, text, len) != len)
		return -errno;
	return 0;
}

static int loginuid_make(struct restore *r not_used, const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;
	uint32_t own;
	int err;

	if (!tc->has_loginuid)
		return 0;
	err = read_loginuid(pids_own_real(), &own);
	if (!err && own == tc->loginuid)
		return 0;
	if (!err)
		err = write_loginuid(tc->loginuid);
	/* Nothing but audit records depends on it. */
	if (err)
		warn("lost: login uid %u cannot be set (%s; CAP_AUDIT_CONTROL is needed), the task keeps that of the tool",
		     tc->loginuid, strerror(-err));
	return 0;
}

const struct task_kind loginuid_kind = {
	.name = "loginuid",
	.scan = loginuid_scan,
	.make = loginuid_make,
};
