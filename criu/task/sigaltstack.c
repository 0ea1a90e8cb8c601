/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alternate signal stack of a thread. That a handler runs on it now needs no record: the kernel derives it from the
 * stack pointer. With SS_AUTODISARM it is off while the handler runs and comes back with the handler's signal frame.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static int sigaltstack_scan_thread(struct dump *d, struct thread *th)
{
	const struct sigaltstack_inside_thread *in = &th->dump->inside->sigaltstack;
	ThreadCoreEntry *tc = th->core->thread_core;
	ThreadSasEntry *e;

	if (in->err)
		return fail_with(in->err, "sigaltstack");
	e = arena_msg(&d->m.arena, ThreadSasEntry, thread_sas_entry__init);
	e->ss_sp = in->stack.sp;
	e->ss_size = in->stack.size;
	e->ss_flags = in->stack.flags & ~SS_ONSTACK;
	tc->sas = e;
	return 0;
}

static int check_thread(const struct thread *th)
{
	const ThreadSasEntry *e = th->core->thread_core->sas;

	if (e && e->ss_flags & ~(SS_ONSTACK | SS_DISABLE | SS_AUTODISARM))
		return fail(EINVAL, "thread %d: unknown flags 0x%x of the alternate stack", th->pid, e->ss_flags);
	return 0;
}

static int sigaltstack_check(const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = check_thread(&t->threads[i]);
	return err;
}

static int sigaltstack_make_thread(struct restore *r, const struct thread *th)
{
	const ThreadSasEntry *e = th->core->thread_core->sas;
	struct sigaltstack_arm row;

	/* A new thread has none, and the tool uses none. */
	if (!e || e->ss_flags & SS_DISABLE)
		return 0;
	row = (struct sigaltstack_arm){
		.stack = { .sp = e->ss_sp, .flags = e->ss_flags & ~SS_ONSTACK, .size = e->ss_size },
	};
	late_add(r, LATE_sigaltstack, th, &row, sizeof(row));
	return 0;
}

const struct task_kind sigaltstack_kind = {
	.name = "sigaltstack",
	.scan_thread = sigaltstack_scan_thread,
	.check = sigaltstack_check,
	.make_thread = sigaltstack_make_thread,
};
