/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a thread lets the CPU speculate. Only what the thread could choose itself (PR_SPEC_PRCTL) is state of the thread;
 * the rest is state of the machine.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"

enum {
	SETTINGS = PR_SPEC_ENABLE | PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE | 1 << 4 /* PR_SPEC_DISABLE_NOEXEC */,
	OFF = SETTINGS & ~PR_SPEC_ENABLE,
};

static const char *const names[SPECULATIONS] = { "store bypass", "indirect branch", "L1D flush" };

static int speculation_scan_thread(struct dump *d, struct thread *th)
{
	const struct speculation_inside_thread *in = &th->dump->inside->speculation;
	ThreadCoreEntry *e = th->core->thread_core;
	uint32_t *all = arena_array(&d->m.arena, uint32_t, SPECULATIONS);
	bool is_any = false;

	for (int i = 0; i < SPECULATIONS; i++) {
		if (in->of[i] < 0 || !(in->of[i] & PR_SPEC_PRCTL))
			continue;
		all[i] = in->of[i] & SETTINGS;
		is_any = true;
	}
	if (is_any) {
		e->speculation = all;
		e->n_speculation = SPECULATIONS;
	}
	return 0;
}

static int check_thread(const struct thread *th)
{
	const ThreadCoreEntry *e = th->core->thread_core;

	for (size_t i = 0; i < e->n_speculation; i++)
		if (e->speculation[i] & ~SETTINGS)
			return fail(EINVAL, "setting 0x%x is unknown", e->speculation[i]);
	return 0;
}

static int speculation_check(const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = check_thread(&t->threads[i]);
	return err;
}

static void add_row(struct restore *r, const struct thread *th, size_t which, uint32_t wanted)
{
	struct prctl_arm row = {
		.get = { PR_GET_SPECULATION_CTRL, which, PRCTL_RESULT },
		.set = PR_SET_SPECULATION_CTRL,
		.same = wanted | PR_SPEC_PRCTL,
		.args = { which, wanted },
	};

	late_add(r, LATE_prctl, th, &row, sizeof(row));
}

static int speculation_make_thread(struct restore *r, const struct thread *th)
{
	const ThreadCoreEntry *e = th->core->thread_core;

	for (size_t i = 0; i < e->n_speculation && i < SPECULATIONS; i++) {
		uint32_t wanted = e->speculation[i];
		int own = prctl(PR_GET_SPECULATION_CTRL, i, 0, 0, 0);
		bool is_settable = own > 0 && own & PR_SPEC_PRCTL && !(own & PR_SPEC_FORCE_DISABLE);

		if (!wanted)
			continue;
		if (is_settable)
			add_row(r, th, i, wanted);
		else if (wanted & OFF && own > 0 && !(own & OFF))	/* 0: this CPU is not affected */
			warn("lost: thread %d had %s speculation switched off (0x%x), which this machine does not allow",
			     th->pid, names[i], wanted);
	}
	return 0;
}

const struct task_kind speculation_kind = {
	.name = "speculation",
	.scan_thread = speculation_scan_thread,
	.check = speculation_check,
	.make_thread = speculation_make_thread,
};
