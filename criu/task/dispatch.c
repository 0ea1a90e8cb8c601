/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System call user dispatch: calls from outside a range of addresses become SIGSYS, for programs that run foreign code
 * (Wine). The tracer can read and set it; no code of ours could run in a thread where it is on.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include "base/log.h"
#include "model/model.h"
#include "run/dump.h"
#include "task/dispatch.h"
#include "task/kind.h"

/* linux/ptrace.h, which cannot be included next to sys/ptrace.h; since Linux 6.4. */
#define SET_CONFIG 0x4210		/* PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG */
#define GET_CONFIG 0x4211
struct config {
	uint64_t mode, selector, offset, len;
};
enum { MODE_OFF, MODE_EXCLUSIVE, MODE_INCLUSIVE };

static int dispatch_scan_thread(struct dump *d, struct thread *th)
{
	struct config c = { 0 };
	ThreadDispatchEntry *e;

	if (ptrace(GET_CONFIG, th->pid_real, sizeof(c), &c) < 0) {
		if (errno == EIO || errno == EINVAL)	/* an older kernel; nobody can tell there */
			return 0;
		return fail_errno("PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG");
	}
	if (c.mode == MODE_OFF)
		return 0;
	e = arena_msg(&d->m.arena, ThreadDispatchEntry, thread_dispatch_entry__init);
	e->mode = c.mode;
	e->selector = c.selector;
	e->offset = c.offset;
	e->len = c.len;
	th->core->thread_core->dispatch = e;
	return 0;
}

static int check_thread(const struct thread *th)
{
	const ThreadDispatchEntry *e = th->core->thread_core->dispatch;

	if (e && e->mode != MODE_EXCLUSIVE && e->mode != MODE_INCLUSIVE)
		return fail(EINVAL, "thread %d: unknown mode %lu", th->pid, (unsigned long)e->mode);
	return 0;
}

static int dispatch_check(const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = check_thread(&t->threads[i]);
	return err;
}

int dispatch_resume(const struct thread *th)
{
	const ThreadDispatchEntry *e = th->core->thread_core->dispatch;
	struct config c;

	if (!e)
		return 0;
	c = (struct config){ e->mode, e->selector, e->offset, e->len };
	if (ptrace(SET_CONFIG, th->pid_real, sizeof(c), &c) < 0)
		return fail_errno("switch system call dispatch of thread %d on again", th->pid);
	return 0;
}

const struct task_kind dispatch_kind = {
	.name = "dispatch",
	.scan_thread = dispatch_scan_thread,
	.check = dispatch_check,
};
