/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signal that a parent gets when the process ends; given to clone(2), so whoever forks the tree makes it again. */
#include <errno.h>
#include <signal.h>
#include "base/log.h"
#include "kernel/proc_stat.h"
#include "model/model.h"
#include "run/dump.h"
#include "task/kind.h"

enum { LAST_SIGNAL = 64 };

static int exit_signal_scan(struct dump *d not_used, struct task *t)
{
	int signo = leader(t)->dump->stat->exit_signal;
	TaskCoreEntry *tc = leader(t)->core->tc;

	if (signo != SIGCHLD) {
		tc->has_exit_signal = true;
		tc->exit_signal = signo;
	}
	return 0;
}

static int exit_signal_check(const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;

	if (tc->has_exit_signal && tc->exit_signal > LAST_SIGNAL)
		return fail(EINVAL, "exit signal %u; there are %d", tc->exit_signal, LAST_SIGNAL);
	return 0;
}

const struct task_kind exit_signal_kind = {
	.name = "exit_signal",
	.scan = exit_signal_scan,
	.check = exit_signal_check,
};
