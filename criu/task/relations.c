/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parents, sessions and process groups of a stopped tree. */
#include <stdlib.h>
#include "base/log.h"
#include "base/parse.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "file/files.h"
#include "options.h"
#include "run/dump.h"
#include "task/birth.h"
#include "task/pids.h"
#include "task/record.h"

static void scan_entry(struct dump *d, struct task *t)
{
	PstreeEntry *e = arena_msg(&d->m.arena, PstreeEntry, pstree_entry__init);
	const struct dump_thread *l = leader(t)->dump;

	e->pid = leader(t)->pid;
	e->ppid = t->parent ? leader(t->parent)->pid : 0;
	e->pgid = pids_group(d, l->status);
	e->sid = pids_session(d, l->status);
	e->n_threads = t->n_threads;
	e->threads = arena_array(&d->m.arena, uint32_t, t->n_threads);
	for (size_t i = 0; i < t->n_threads; i++)
		e->threads[i] = t->threads[i].pid;
	t->tree = e;
}

/* The kernel lists parents of tasks that were handed over while we stopped them; the last word counts. */
static int find_parents(struct dump *d)
{
	for (size_t i = 1; i < d->m.tasks.n; i++) {
		struct task *t = d->m.tasks.v[i];
		pid_t ppid = leader(t)->dump->stat->ppid;

		t->parent = model_task_by_real(&d->m, ppid);
		if (!t->parent)
			return fail(EAGAIN, "task %d was given to process %d outside of the tree while it was stopped",
				    leader(t)->pid, ppid);
	}
	return 0;
}

static int depth(const struct task *t)
{
	return t->parent ? depth(t->parent) + 1 : 0;
}

static int position_among(const struct task *a, const struct task *b)
{
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Depth first: two tasks are compared where their paths to the root part. */
static int compare_tasks(const void *pa, const void *pb)
{
	const struct task *a = *(struct task *const *)pa, *b = *(struct task *const *)pb;
	int da = depth(a), db = depth(b), n = da - db;

	for (; da > db; da--)
		a = a->parent;
	for (; db > da; db--)
		b = b->parent;
	if (a == b)
		return n;
	for (; a->parent != b->parent; a = a->parent, b = b->parent)
		;
	return position_among(a, b);
}

static void sort_tasks(struct model *m)
{
	qsort(m->tasks.v, m->tasks.n, sizeof(m->tasks.v[0]), compare_tasks);
	for (size_t i = 0; i < m->tasks.n; i++)
		m->tasks.v[i]->index = i;
}

static void refuse_session(struct dump *d, const struct task *t)
{
	const PstreeEntry *root = d->m.tasks.v[0]->tree;
	IN_SCOPE("task", t->tree->pid);

	if (t->tree == root && root->sid != root->pid && !d->opt->shell_job)
		refuse(&d->refusals, REFUSE_TASK_SESSION,
		       "is the root of the tree but no session leader (its session is %u)", root->sid);
	if (t->tree->sid == root->sid && d->opt->shell_job)
		return;
	if (!t->tree->sid)
		refuse(&d->refusals, REFUSE_TASK_SESSION, "its session leader is outside of its pid namespace");
	else if (t->tree->sid == root->sid && root->sid != root->pid)
		return;		/* said once, for the root */
	/* A session whose leader is dead is made by a helper; one whose leader lives elsewhere cannot be joined. */
	else if (!model_task_by_pid(&d->m, t->tree->sid)) {
		struct proc_stat st;

		if (!proc_stat_read(leader(t)->dump->stat->session, 0, &st))
			refuse(&d->refusals, REFUSE_TASK_SESSION, "its session %u is led by a process outside of the tree",
			       t->tree->sid);
	}
}

/* One that is handed over is set up by whoever does that. */
static bool has_external_terminal(const struct options *opt)
{
	for (unsigned int i = 0; i < opt->external.n; i++)
		if (has_prefix(opt->external.v[i], "tty["))
			return true;
	return false;
}

/* A session gets back only a terminal that is among the files. */
static void refuse_terminal(struct dump *d, const struct task *t)
{
	const struct proc_stat *st = leader(t)->dump->stat;

	if (is_alive(t) && t->tree->sid == t->tree->pid && st->tty_nr && !has_external_terminal(d->opt) &&
	    !files_know_terminal(d, st->tty_nr))
		refuse(&d->refusals, REFUSE_FILE_TTY,
		       "leads a session with terminal %d:%d, whose other end is outside the tree",
		       st->tty_nr >> 8 & 0xfff, (st->tty_nr & 0xff) | (st->tty_nr >> 12 & 0xfff00));
}

void relations_refuse(struct dump *d)
{
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct task *t = d->m.tasks.v[i];
		const char *why;
		IN_SCOPE("task", t->tree->pid);

		refuse_terminal(d, t);
		why = birth_obstacle(&d->m, t);
		if (why)
			refuse(&d->refusals, REFUSE_NS_NESTED, "%s", why);
		if (!birth_can_share_files(t))
			refuse(&d->refusals, REFUSE_TASK_TREE,
			       "shares its descriptor table with process %u, which is not its parent",
			       t->fds->owner->tree->pid);
	}
}

int relations_scan(struct dump *d)
{
	int err = find_parents(d);

	if (err)
		return err;
	sort_tasks(&d->m);
	for (size_t i = 0; i < d->m.tasks.n; i++)
		scan_entry(d, d->m.tasks.v[i]);
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		pids_scan_dead_leaders(d, d->m.tasks.v[i]);
		refuse_session(d, d->m.tasks.v[i]);
	}
	return 0;
}
