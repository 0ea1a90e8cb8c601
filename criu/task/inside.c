/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the parasite answers every kind's questions, in all threads of a process at once. */
#include <stdlib.h>
#include "base/log.h"
#include "base/own.h"
#include "pie/inside.h"
#include "run/cancel.h"
#include "run/dump.h"
#include "task/inside.h"
#include "task/inside_why.h"
#include "task/kind.h"

extern const struct compel_blob parasite_blob;	/* linked from criu/pie/parasite.pie.c */

/* The data area: the answers for the process, then one slot for each thread. */
struct slot {
	struct parasite_arg arg;
	struct inside_thread thread;
};
enum { SLOTS_AT = (sizeof(struct inside_task) + 15) & ~15 };

static size_t slot_at(size_t i)
{
	return SLOTS_AT + i * sizeof(struct slot);
}

static int failed(struct task *t, int err, const char *what)
{
	return fail_with(err, "%s: %s", what, compel_error(t->dump->proc));
}

/* Where something of the process's own may stand in the way. */
static int failed_inside(struct dump *d, struct task *t, int err, const char *what)
{
	const char *why = inside_why(&d->m.arena, leader(t)->pid_real, err);

	return why ? fail_with(err, "%s: %s", what, why) : failed(t, err, what);
}

uint32_t inside_append(struct inside_more *more, const void *p, size_t size)
{
	size_t off = more->len, len = align_up(off + size, 8);
	char *bigger = arena_alloc(more->arena, len);

	if (off)
		memcpy(bigger, more->bytes, off);
	memcpy(bigger + off, p, size);
	more->bytes = bigger;
	more->len = len;
	return more->start + off;
}

/* The fixed part is zero already, so nothing is written where no kind has a question. */
static int write_more(struct task *t, const struct inside_task *in, const struct inside_more *more)
{
	int err;

	if (!more->len)
		return 0;
	err = compel_data_write(t->dump->proc, 0, in, sizeof(*in));
	if (!err)
		err = compel_data_write(t->dump->proc, more->start, more->bytes, more->len);
	return err ? failed(t, err, "write to the parasite") : 0;
}

static int write_questions(struct task *t, struct compel_call *calls)
{
	unsigned long base = compel_data_addr(t->dump->proc);

	for (size_t i = 0; i < t->n_threads; i++) {
		struct parasite_arg arg = {
			.task = i ? 0 : base,
			.thread = base + slot_at(i) + offsetof(struct slot, thread),
		};
		int err = compel_data_write(t->dump->proc, slot_at(i), &arg, sizeof(arg));

		if (err)
			return failed(t, err, "write to the parasite");
		calls[i] = (struct compel_call){ .tid = t->threads[i].pid_real, .arg = slot_at(i) };
	}
	return 0;
}

static int read_answers(struct dump *d, struct task *t, const struct inside_more *more)
{
	size_t len = more->start + more->len;
	char *area = arena_alloc(&d->m.arena, len);
	int err = compel_data_read(t->dump->proc, 0, area, len);

	if (err)
		return failed(t, err, "read from the parasite");
	t->dump->inside = (void *)area;
	for (size_t i = 0; i < t->n_threads; i++)
		t->threads[i].dump->inside = &((struct slot *)(area + slot_at(i)))->thread;
	return 0;
}

static int run_loaded(struct dump *d, struct task *t, const struct inside_task *in, const struct inside_more *more)
{
	auto_free struct compel_call *calls = calloc(t->n_threads, sizeof(*calls));
	int err;

	if (!calls)
		return -ENOMEM;
	err = write_more(t, in, more);
	if (!err)
		err = write_questions(t, calls);
	if (err)
		return err;
	err = compel_run(t->dump->proc, calls, t->n_threads);
	if (err == -ECANCELED)
		return fail(err, "the threads do not answer: %s", cancel_reason());
	if (err)
		return failed_inside(d, t, err, "run the parasite");
	return read_answers(d, t, more);
}

int inside_ask(struct dump *d, struct task *t)
{
	struct inside_more more = { .arena = &d->m.arena, .start = slot_at(t->n_threads) };
	struct inside_task *in = arena_new(&d->m.arena, struct inside_task);
	pid_t pid = leader(t)->pid_real;
	int err, unload_err;

	err = task_kinds_ask(d, t, in, &more);
	if (err)
		return err;
	err = compel_load(t->dump->proc, pid, &parasite_blob, more.start + more.len, t->n_threads);
	if (err)
		return failed_inside(d, t, err, "load the parasite");
	err = run_loaded(d, t, in, &more);
	unload_err = compel_unload(t->dump->proc, pid);
	if (unload_err)
		unload_err = failed(t, unload_err, "take the parasite out");
	return err ? err : unload_err;
}
