/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/timers: four lines for each POSIX timer, the newest first.
 *	ID: 1
 *	signal: 10/00000000deadbeef
 *	notify: signal/tid.19833
 *	ClockID: 0
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include "base/parse.h"
#include "kernel/proc_timers.h"
#include "kernel/read.h"

static bool take_word(struct cursor *c, const char *word)
{
	if (!has_prefix(c->p, word))
		return false;
	c->p += strlen(word);
	return true;
}

static void take_notify(struct cursor *c, struct proc_timer *t)
{
	if (take_word(c, "signal/"))
		t->notify = SIGEV_SIGNAL;
	else if (take_word(c, "none/"))
		t->notify = SIGEV_NONE;
	else if (take_word(c, "thread/"))
		t->notify = SIGEV_THREAD;
	else
		c->bad = true;

	if (take_word(c, "tid."))
		t->notify |= SIGEV_THREAD_ID;
	else if (!take_word(c, "pid."))
		c->bad = true;
	t->pid_real = take_u64(c, 10);
}

static void take_line(struct cursor *c, const char *key)
{
	if (!take_word(c, key))
		c->bad = true;
	take_spaces(c);
}

static void take_timer(struct cursor *c, struct proc_timer *t)
{
	take_line(c, "ID:");
	t->id = take_i64(c, 10);
	take_char(c, '\n');
	take_line(c, "signal:");
	t->signo = take_i64(c, 10);
	take_char(c, '/');
	t->value = take_u64(c, 16);
	take_char(c, '\n');
	take_line(c, "notify:");
	take_notify(c, t);
	take_char(c, '\n');
	take_line(c, "ClockID:");
	t->clock = take_i64(c, 10);
	take_char(c, '\n');
}

static int compare_ids(const void *a, const void *b)
{
	const struct proc_timer *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int proc_timers_parse(char *text, struct arena *a, struct proc_timers *ret)
{
	struct cursor c = { .p = text };
	struct proc_timers all = { 0 };

	while (*c.p) {
		struct proc_timer t = { 0 };

		take_timer(&c, &t);
		if (c.bad)
			return -EINVAL;
		vec_push(a, &all.list, t);
	}
	if (all.list.n)
		qsort(all.list.v, all.list.n, sizeof(all.list.v[0]), compare_ids);
	*ret = all;
	return 0;
}

int proc_timers_read(pid_t pid_real, struct arena *a, struct proc_timers *ret)
{
	auto_proc_text text;
	int err = proc_text_read(&text, "/proc/%d/timers", pid_real);

	return err ? err : proc_timers_parse(text.s, a, ret);
}
