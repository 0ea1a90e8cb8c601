/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signal actions: 62 of them, for every signal but the two that have none. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"

enum { N_ACTIONS = SIGACT_LAST - 2 };

static bool has_action(int signo)
{
	return signo != SIGKILL && signo != SIGSTOP;
}

static int sigact_scan(struct dump *d, struct task *t)
{
	const struct sigact_inside *in = &t->dump->inside->sigact;
	TaskCoreEntry *tc = leader(t)->core->tc;
	SaEntry *rows;
	size_t n = 0;

	if (in->err)
		return fail_with(in->err, "rt_sigaction");
	rows = arena_array(&d->m.arena, SaEntry, N_ACTIONS);
	tc->sigactions = arena_array(&d->m.arena, SaEntry *, N_ACTIONS);
	for (int signo = 1; signo <= SIGACT_LAST; signo++) {
		const struct sigact_raw *raw = &in->of[signo - 1];
		SaEntry *e = &rows[n];

		if (!has_action(signo))
			continue;
		sa_entry__init(e);
		e->sigaction = raw->handler;
		e->flags = raw->flags;
		e->restorer = raw->restorer;
		e->mask = raw->mask;
		e->has_compat_sigaction = true;
		tc->sigactions[n++] = e;
	}
	tc->n_sigactions = n;
	return 0;
}

static int sigact_check(const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;

	if (tc->n_sigactions != N_ACTIONS)
		return fail(EINVAL, "%zu signal actions instead of %d", tc->n_sigactions, N_ACTIONS);
	for (size_t i = 0; i < tc->n_sigactions; i++)
		if (tc->sigactions[i]->compat_sigaction)
			return fail(EINVAL, "signal actions of a 32-bit task are not supported yet");
	return 0;
}

static int sigact_note(struct restore *r)
{
	struct sigact_raw *noted = arena_array(&r->m.arena, struct sigact_raw, SIGACT_LAST);

	r->noted.actions = noted;
	for (int signo = 1; signo <= SIGACT_LAST; signo++)
		if (has_action(signo) && syscall(SYS_rt_sigaction, signo, NULL, &noted[signo - 1], sizeof(uint64_t)) < 0)
			return fail_errno("rt_sigaction");
	return 0;
}

/* Set before the pending signals are queued: setting an action to "ignore" throws away what is pending. */
static int sigact_make(struct restore *r, const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;
	size_t n = 0;

	for (int signo = 1; signo <= SIGACT_LAST; signo++) {
		const SaEntry *e;
		struct sigact_arm row;

		if (!has_action(signo))
			continue;
		e = tc->sigactions[n++];
		row = (struct sigact_arm){
			.act = { e->sigaction, e->flags, e->restorer, e->mask },
			.signo = signo,
		};
		if (memcmp(&row.act, &r->noted.actions[signo - 1], sizeof(row.act)))
			late_add(r, LATE_sigact, leader(t), &row, sizeof(row));
	}
	return 0;
}

const struct task_kind sigact_kind = {
	.name = "sigact",
	.scan = sigact_scan,
	.check = sigact_check,
	.note = sigact_note,
	.make = sigact_make,
};
