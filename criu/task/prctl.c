/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that prctl(2) gets and sets, one by one: the table is task/prctl.def. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "model/model.h"
#include "options.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"

#define NO_ARG PRCTL_NO_ARG

struct prctl_row {
	const char *name;
	size_t off, has_off, size;	/* in the record */
	struct prctl_get get;
	int32_t set, set_arg;
	int64_t idle, lowest, highest;
};

#define ROW(record, field, how, get, get_arg, set, set_arg, idle, lowest, highest)                 \
	{ #field, offsetof(record, field), offsetof(record, has_##field), sizeof(((record *)0)->field), \
	  { get, get_arg, PRCTL_##how }, set, set_arg, idle, lowest, highest },

static const struct prctl_row thread_rows[PRCTL_THREADS] = {
#define PRCTL_TASK(...)
#define PRCTL_THREAD(...) ROW(ThreadCoreEntry, __VA_ARGS__)
#include "task/prctl.def"
#undef PRCTL_TASK
#undef PRCTL_THREAD
};

static const struct prctl_row task_rows[PRCTL_TASKS] = {
#define PRCTL_TASK(...) ROW(TaskCoreEntry, __VA_ARGS__)
#define PRCTL_THREAD(...)
#include "task/prctl.def"
#undef PRCTL_TASK
#undef PRCTL_THREAD
};

static void store(const struct prctl_row *row, void *rec, int64_t value)
{
	void *p = (char *)rec + row->off;

	if (value < 0 || value == row->idle)
		return;
	*(protobuf_c_boolean *)((char *)rec + row->has_off) = true;
	if (row->size == sizeof(uint64_t))
		*(uint64_t *)p = value;
	else
		*(uint32_t *)p = value;
}

static int64_t stored(const struct prctl_row *row, const void *rec)
{
	const void *p = (const char *)rec + row->off;

	if (!*(const protobuf_c_boolean *)((const char *)rec + row->has_off))
		return row->idle;
	return row->size == sizeof(uint64_t) ? *(const int64_t *)p : (int64_t) * (const uint32_t *)p;
}

static int prctl_scan(struct dump *d not_used, struct task *t)
{
	for (size_t i = 0; i < PRCTL_TASKS; i++)
		store(&task_rows[i], leader(t)->core->tc, t->dump->inside->prctl.of[i]);
	return 0;
}

static int prctl_scan_thread(struct dump *d not_used, struct thread *th)
{
	for (size_t i = 0; i < PRCTL_THREADS; i++)
		store(&thread_rows[i], th->core->thread_core, th->dump->inside->prctl.of[i]);
	return 0;
}

static int check_rows(const struct prctl_row *rows, size_t n, const void *rec)
{
	for (size_t i = 0; i < n; i++) {
		int64_t value = stored(&rows[i], rec);

		if (value != rows[i].idle && (value < rows[i].lowest || value > rows[i].highest))
			return fail(EINVAL, "%s: value %" PRId64 " is out of range", rows[i].name, value);
	}
	return 0;
}

static int prctl_check(const struct task *t)
{
	int err = check_rows(task_rows, PRCTL_TASKS, leader(t)->core->tc);

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = check_rows(thread_rows, PRCTL_THREADS, t->threads[i].core->thread_core);
	return err;
}

static int64_t ask_own(const struct prctl_get *g)
{
	int value = 0;
	long ret;

	/* prctl() of libc cuts the result to an int. */
	if (g->how == PRCTL_RESULT) {
		ret = syscall(SYS_prctl, g->option, g->arg == NO_ARG ? 0 : g->arg, 0, 0, 0);
		return ret < 0 ? -errno : ret;
	}
	ret = syscall(SYS_prctl, g->option, &value, 0, 0, 0);
	return ret < 0 ? -errno : value;
}

static struct prctl_arm arm_row(const struct prctl_row *row, int64_t value)
{
	bool has_arg = row->set_arg != NO_ARG;

	return (struct prctl_arm){
		.get = row->get,
		.set = row->set,
		.same = value,
		.args = { has_arg ? row->set_arg : value, has_arg ? value : 0 },
	};
}

/* Whether a row is wanted for this value; inherited is what the thread or task would have without one. */
static bool is_to_set(const struct prctl_row *row, int64_t value, int64_t inherited)
{
	int64_t own = ask_own(&row->get);

	if (own >= 0)
		return value != own || value != inherited;
	if (value != row->idle)
		warn("lost: %s %" PRId64 " cannot be set here: %s", row->name, value, strerror(-own));
	return false;
}

static int prctl_make(struct restore *r, const struct task *t)
{
	for (size_t i = 0; i < PRCTL_TASKS; i++) {
		const struct prctl_row *row = &task_rows[i];
		int64_t value = stored(row, leader(t)->core->tc);
		struct prctl_task_arm arm = { arm_row(row, value) };

		if (is_to_set(row, value, value))
			late_add(r, LATE_prctl_task, leader(t), &arm, sizeof(arm));
	}
	return 0;
}

/*
 * The parent of a detached root is this tool, whose end would send the signal at once. The parent that the signal was
 * about is not in the tree.
 */
static bool is_parent_leaving(const struct restore *r, const struct thread *th)
{
	return !th->task->parent && r->opt->detach && !r->opt->sibling;
}

static int prctl_make_thread(struct restore *r, const struct thread *th)
{
	for (size_t i = 0; i < PRCTL_THREADS; i++) {
		const struct prctl_row *row = &thread_rows[i];
		int64_t value = stored(row, th->core->thread_core);
		/* Threads may be born after the leader has got its own values. */
		int64_t inherited = stored(row, leader(th->task)->core->thread_core);
		struct prctl_arm arm = arm_row(row, value);

		if (i == PRCTL_THREAD_pdeath_sig && value != row->idle && is_parent_leaving(r, th)) {
			warn("lost: parent-death signal %" PRId64 " of thread %d; --restore-sibling would keep it", value,
			     th->pid);
			continue;
		}
		if (is_to_set(row, value, inherited))
			late_add(r, LATE_prctl, th, &arm, sizeof(arm));
	}
	return 0;
}

const struct task_kind prctl_kind = {
	.name = "prctl",
	.scan = prctl_scan,
	.scan_thread = prctl_scan_thread,
	.check = prctl_check,
	.make = prctl_make,
	.make_thread = prctl_make_thread,
};
