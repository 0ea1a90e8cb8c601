/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/oom_score_adj: how gladly the kernel kills the process when memory runs out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/read.h"
#include "model/model.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/pids.h"

enum { ADJ_MIN = -1000, ADJ_MAX = 1000 };

static int read_adj(pid_t pid_real, int32_t *ret)
{
	auto_proc_text text;
	int err = proc_text_read(&text, "/proc/%d/oom_score_adj", pid_real);

	return err ? err : parse_i32(text.s, 10, ret);
}

static int oom_score_adj_scan(struct dump *d not_used, struct task *t)
{
	TaskCoreEntry *tc = leader(t)->core->tc;
	int err = read_adj(leader(t)->pid_real, &tc->oom_score_adj);

	if (err)
		return fail_with(err, "read /proc/%d/oom_score_adj", leader(t)->pid_real);
	tc->has_oom_score_adj = true;
	return 0;
}

static int oom_score_adj_check(const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;

	if (tc->has_oom_score_adj && (tc->oom_score_adj < ADJ_MIN || tc->oom_score_adj > ADJ_MAX))
		return fail(EINVAL, "value %d is not between %d and %d", tc->oom_score_adj, ADJ_MIN, ADJ_MAX);
	return 0;
}

static int write_adj(int32_t adj)
{
	auto_fd int fd = proc_open("/proc/self/oom_score_adj", O_WRONLY);
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", adj);

	if (fd < 0 || write(fd, text, len) != len)
		return -errno;
	return 0;
}

static int32_t noted;		/* because every task inherits it */

static int oom_score_adj_note(struct restore *r not_used)
{
	int err = read_adj(pids_own_real(), &noted);

	return err ? fail_with(err, "read own oom_score_adj") : 0;
}

static int oom_score_adj_make(struct restore *r not_used, const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;
	int err;

	if (!tc->has_oom_score_adj || noted == tc->oom_score_adj)
		return 0;
	err = write_adj(tc->oom_score_adj);
	/* Harmless to go on: it matters only when memory runs out, and no process notices. */
	if (err == -EACCES)
		warn("lost: %d is below the tool's own floor, the task keeps %d; CAP_SYS_RESOURCE would allow it",
		     tc->oom_score_adj, noted);
	else if (err)
		return fail_with(err, "write %d to oom_score_adj", tc->oom_score_adj);
	return 0;
}

const struct task_kind oom_score_adj_kind = {
	.name = "oom_score_adj",
	.scan = oom_score_adj_scan,
	.check = oom_score_adj_check,
	.note = oom_score_adj_note,
	.make = oom_score_adj_make,
};
