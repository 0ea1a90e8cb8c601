/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of per-task state as a family: every kind is asked, in the order of kinds.def. */
#include "base/log.h"
#include "model/model.h"
#include "task/kind.h"

#define TASK_KIND(stem) extern const struct task_kind stem##_kind;
#include "task/kinds.def"
#undef TASK_KIND

static const struct task_kind *const kinds[] = {
#define TASK_KIND(stem) &stem##_kind,
#include "task/kinds.def"
#undef TASK_KIND
};

int task_kinds_ask(struct dump *d, struct task *t, struct inside_task *in, struct inside_more *more)
{
	int err = 0;

	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		if (kinds[i]->ask)
			err = kinds[i]->ask(d, t, in, more);
	return err;
}

int task_kinds_scan(struct dump *d, struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < array_size(kinds) && !err; i++) {
		if (kinds[i]->scan)
			err = kinds[i]->scan(d, t);
		for (size_t n = 0; n < t->n_threads && kinds[i]->scan_thread && !err; n++) {
			IN_SCOPE("thread", t->threads[n].pid);
			err = kinds[i]->scan_thread(d, &t->threads[n]);
		}
	}
	return err;
}

int task_kinds_join(struct dump *d, struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		if (kinds[i]->join)
			err = kinds[i]->join(d, t);
	return err;
}

void task_kinds_refuse(struct dump *d, const struct task *t)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i]->refuse)
			kinds[i]->refuse(d, t);
}

int task_kinds_check(const struct task *t)
{
	for (size_t i = 0; i < array_size(kinds); i++) {
		int err = kinds[i]->check ? kinds[i]->check(t) : 0;

		if (err)
			return err;
	}
	return 0;
}

int task_kinds_note(struct restore *r)
{
	int err = 0;

	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		if (kinds[i]->note)
			err = kinds[i]->note(r);
	return err;
}

int task_kinds_make(struct restore *r, const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < array_size(kinds) && !err; i++) {
		if (kinds[i]->make)
			err = kinds[i]->make(r, t);
		for (size_t n = 0; n < t->n_threads && kinds[i]->make_thread && !err; n++)
			err = kinds[i]->make_thread(r, &t->threads[n]);
	}
	return err;
}
