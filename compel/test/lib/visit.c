/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One full visit to a target, with every thread compared before and after. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include "harness.h"

#define MAX_THREADS 1024
#define MAX_XSAVE   12288

extern const struct compel_blob ops_blob;

struct compel_stop visit_stop;
void (*visit_hook)(void);

struct seen {
	struct user_regs_struct regs;
	uint64_t mask;
	size_t len;
	char xsave[MAX_XSAVE];
};

static int look(pid_t tid, struct seen *ret)
{
	int err = compel_regs_get(tid, &ret->regs);

	if (!err)
		err = compel_sigmask_get(tid, &ret->mask);
	if (!err)
		err = compel_xsave_get(tid, ret->xsave, sizeof(ret->xsave), &ret->len);
	return err;
}

static int stop_all(const pid_t *tids, unsigned int n)
{
	struct compel_stop stop;
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = compel_seize(tids[i]);
	for (unsigned int i = 0; i < n && !err; i++)
		err = compel_interrupt(tids[i]);
	for (unsigned int i = 0; i < n && !err; i++) {
		err = compel_wait_stopped(tids[i], i ? &stop : &visit_stop);
		if (!err && (i ? stop.kind : visit_stop.kind) == COMPEL_EXITED)
			err = -ESRCH;
	}
	return err;
}

static int some_syscalls(struct compel_proc *p, pid_t tid)
{
	unsigned long args[6] = { 0 };
	long ret = 0;
	int err = compel_syscall(p, tid, SYS_gettid, args, &ret);

	if (err)
		return err;
	eq(ret, tid);
	args[0] = -1ul;
	err = compel_syscall(p, tid, SYS_close, args, &ret);
	if (!err)
		eq(ret, -EBADF);
	return err;
}

static int run_all(struct compel_proc *p, const pid_t *tids, unsigned int n)
{
	struct op op = { .kind = OP_MEET, .a = 40, .b = n };
	struct compel_call *calls = calloc(n, sizeof(*calls));
	int err = compel_load(p, tids[0], &ops_blob, sizeof(op), n);

	if (!err)
		err = compel_data_write(p, 0, &op, sizeof(op));
	for (unsigned int i = 0; i < n; i++)
		calls[i].tid = tids[i];
	if (!err)
		err = compel_run(p, calls, n);
	for (unsigned int i = 0; i < n && !err; i++)
		eq(calls[i].ret, n);
	if (!err)
		err = compel_data_read(p, 0, &op, sizeof(op));
	if (!err)
		eq(op.met, n);
	for (unsigned int i = 0; i < n && !err; i++)
		err = some_syscalls(p, tids[i]); /* by way of the loaded code, this time */
	if (!err)
		err = compel_unload(p, tids[0]);
	free(calls);
	return err;
}

/*
 * XSTATE_BV may differ: the CPU drops the bit of a component by itself when that has its initial
 * value, and the kernel fills in initial values for the rest. So the rest tells all.
 */
static bool same_xsave(const struct seen *a, const struct seen *b)
{
	return !memcmp(a->xsave, b->xsave, 512) &&
	       !memcmp(a->xsave + 520, b->xsave + 520, b->len - 520);
}

static int work(pid_t pid, const pid_t *tids, unsigned int n, int what)
{
	struct seen *before = calloc(n, sizeof(*before)), *after = calloc(1, sizeof(*after));
	struct compel_proc *p = NULL;
	int err = compel_open(pid, &p);

	for (unsigned int i = 0; i < n && !err; i++)
		err = look(tids[i], &before[i]);
	for (unsigned int i = 0; i < n && !err && (what & VISIT_SYSCALL); i++)
		err = some_syscalls(p, tids[i]);
	if (!err && (what & VISIT_RUN))
		err = run_all(p, tids, n);
	for (unsigned int i = 0; i < n && !err; i++) {
		err = look(tids[i], after);
		if (err)
			break;
		ok(!memcmp(&before[i].regs, &after->regs, sizeof(after->regs)));
		eq(before[i].mask, after->mask);
		eq(before[i].len, after->len);
		ok(same_xsave(&before[i], after));
	}
	if (err && err != -ESRCH)
		fprintf(stderr, "visit: error %d: %s\n", err, compel_error(p));
	compel_close(p);
	free(before);
	free(after);
	return err;
}

int visit(pid_t pid, int what)
{
	static pid_t tids[MAX_THREADS]; /* static because it is large, and a test has one thread
					   that visits */
	unsigned int n = list_threads(pid, tids, MAX_THREADS);
	int err;

	if (!n)
		return -ESRCH;
	err = stop_all(tids, n);
	if (!err && what)
		err = work(pid, tids, n, what);
	if (visit_hook)
		visit_hook();
	for (unsigned int i = 0; i < n; i++) {
		int err_release = compel_release(tids[i]);

		if (!err)
			err = err_release;
	}
	return err;
}
