/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the parasite answers every kind's questions, in all threads of a process at once. */
#include <stdlib.h>
#include "base/log.h"
#include "base/own.h"
#include "pie/inside.h"
#include "run/dump.h"
#include "task/inside.h"

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

static int read_answers(struct dump *d, struct task *t)
{
	size_t len = slot_at(t->n_threads);
	char *area = arena_alloc(&d->m.arena, len);
	int err = compel_data_read(t->dump->proc, 0, area, len);

	if (err)
		return failed(t, err, "read from the parasite");
	t->dump->inside = (void *)area;
	for (size_t i = 0; i < t->n_threads; i++)
		t->threads[i].dump->inside = &((struct slot *)(area + slot_at(i)))->thread;
	return 0;
}

static int run_loaded(struct dump *d, struct task *t)
{
	auto_free struct compel_call *calls = calloc(t->n_threads, sizeof(*calls));
	int err;

	if (!calls)
		return -ENOMEM;
	err = write_questions(t, calls);
	if (err)
		return err;
	err = compel_run(t->dump->proc, calls, t->n_threads);
	if (err)
		return failed(t, err, "run the parasite");
	return read_answers(d, t);
}

int inside_ask(struct dump *d, struct task *t)
{
	pid_t pid = leader(t)->pid_real;
	int err, unload_err;

	err = compel_load(t->dump->proc, pid, &parasite_blob, slot_at(t->n_threads), t->n_threads);
	if (err)
		return failed(t, err, "load the parasite");
	err = run_loaded(d, t);
	unload_err = compel_unload(t->dump->proc, pid);
	if (unload_err)
		unload_err = failed(t, unload_err, "take the parasite out");
	return err ? err : unload_err;
}
