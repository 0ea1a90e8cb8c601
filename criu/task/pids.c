/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pids as the tree sees them and as the tool does. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "kernel/proc_status.h"
#include "kernel/read.h"
#include "ns/ns.h"
#include "run/dump.h"
#include "run/restore.h"
#include "run/shared.h"
#include "task/pids.h"

/* --- dump ------------------------------------------------------------------------------------------------------ */

int pids_scan(struct dump *d, struct thread *th, const struct proc_status *status)
{
	const struct proc_pids *p = &status->ns_pid;

	if (!p->n)
		return fail(EIO, "/proc/%d/status has no NSpid line", th->pid_real);
	if (th == leader(d->m.tasks.v[0]))
		d->pid_level = p->n - 1;
	th->pid = proc_pids_at(p, d->pid_level);
	if (!th->pid)
		return fail(EOPNOTSUPP, "process %d is not in the pid namespace of the root task", th->pid_real);
	th->n_inner = p->n - 1 - d->pid_level;
	if (!th->n_inner)
		return 0;
	th->inner = arena_memdup(&d->m.arena, p->level + d->pid_level + 1, th->n_inner * sizeof(pid_t));
	th->core->inner_pids = (uint32_t *)th->inner;
	th->core->n_inner_pids = th->n_inner;
	return 0;
}

pid_t pids_group(const struct dump *d, const struct proc_status *status)
{
	return proc_pids_at(&status->ns_pgid, d->pid_level);
}

pid_t pids_session(const struct dump *d, const struct proc_status *status)
{
	return proc_pids_at(&status->ns_sid, d->pid_level);
}

/* Nothing where it is led from outside of the namespaces below: it has no numbers there. */
static void note_inner(struct dump *d, const struct thread *th, const struct proc_pids *p, size_t *ret_n, uint32_t **ret)
{
	if (p->n != d->pid_level + 1 + th->n_inner || !proc_pids_own(p))
		return;
	*ret = arena_memdup(&d->m.arena, p->level + d->pid_level + 1, th->n_inner * sizeof(pid_t));
	*ret_n = th->n_inner;
	d->m.inventory->img_version = IMG_VERSION_EXTENDED;
}

void pids_scan_dead_leaders(struct dump *d, const struct task *t)
{
	const struct thread *th = leader(t);
	CoreEntry *e = th->core;

	if (!th->n_inner)
		return;
	if (!model_task_by_pid(&d->m, t->tree->pgid))
		note_inner(d, th, &th->dump->status->ns_pgid, &e->n_inner_pgid, &e->inner_pgid);
	if (!model_task_by_pid(&d->m, t->tree->sid))
		note_inner(d, th, &th->dump->status->ns_sid, &e->n_inner_sid, &e->inner_sid);
}

/* --- both ------------------------------------------------------------------------------------------------------ */

pid_t pids_own(const struct thread *th)
{
	return th->n_inner ? th->inner[th->n_inner - 1] : th->pid;
}

/* A zombie has left its namespaces; it was born where its parent is, or was the last of one below. */
static const struct ns *namespace_of(const struct model *m, const struct task *t)
{
	while (t && !t->ids)
		t = t->parent;
	return t ? ns_of(m, t, NS_PID) : NULL;
}

/* Whoever forked its init was in the namespace above; so is who has taken the init over. NULL: the tool's. */
static const struct ns *namespace_above(const struct model *m, const struct ns *ns)
{
	return namespace_of(m, ns->task->parent);
}

pid_t pids_seen_by(const struct model *m, const struct thread *viewer, const struct thread *th)
{
	const struct ns *its = namespace_of(m, viewer->task), *ns = namespace_of(m, th->task);

	if (!viewer->n_inner)
		return th->pid;
	while (ns && ns != its)
		ns = namespace_above(m, ns);
	return ns == its && th->n_inner >= viewer->n_inner ? th->inner[viewer->n_inner - 1] : 0;
}

bool pids_are_nested(const struct model *m)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		if (leader(m->tasks.v[i])->n_inner)
			return true;
	return false;
}

/* --- restore --------------------------------------------------------------------------------------------------- */

/* The link is as the /proc mount sees the reader, and tasks have the tool's /proc until they enter their root. */
pid_t pids_own_real(void)
{
	char text[16];
	ssize_t len = proc_readlink("/proc/self", text, sizeof(text) - 1);

	if (len <= 0)
		return getpid();
	text[len] = 0;
	return atoi(text);
}

static bool are_inner(const struct thread *th, size_t n, const uint32_t *v)
{
	bool are = !n || n == th->core->n_inner_pids;

	for (size_t i = 0; i < n && are; i++)
		are = v[i] && v[i] <= INT_MAX;
	return are;
}

int pids_load(struct thread *th)
{
	const CoreEntry *e = th->core;

	if (e->n_inner_pids >= MAX_PID_LEVELS)
		return fail(EINVAL, "core-%d.img: is in %zu pid namespaces; the kernel nests %d", th->pid,
			    e->n_inner_pids + 1, MAX_PID_LEVELS);
	for (size_t i = 0; i < e->n_inner_pids; i++)
		if (!e->inner_pids[i] || e->inner_pids[i] > INT_MAX)
			return fail(EINVAL, "core-%d.img: impossible pid %u in a nested namespace", th->pid,
				    e->inner_pids[i]);
	if (e->n_inner_pids != leader(th->task)->core->n_inner_pids)
		return fail(EINVAL, "core-%d.img: is not in the pid namespace of its process", th->pid);
	if (!are_inner(th, e->n_inner_pgid, e->inner_pgid) || !are_inner(th, e->n_inner_sid, e->inner_sid))
		return fail(EINVAL, "core-%d.img: impossible numbers of its group or session in nested namespaces",
			    th->pid);
	th->inner = (const pid_t *)e->inner_pids;
	th->n_inner = e->n_inner_pids;
	return 0;
}

size_t pids_of_dead(size_t n, const uint32_t *inner, pid_t outer, pid_t ret[MAX_PID_LEVELS])
{
	for (size_t i = 0; i < n; i++)
		ret[i] = inner[n - 1 - i];
	ret[n] = outer;
	return n + 1;
}

size_t pids_for_clone(const struct thread *th, size_t n_inner, pid_t ret[MAX_PID_LEVELS])
{
	for (size_t i = 0; i < n_inner; i++)
		ret[i] = th->inner[n_inner - 1 - i];
	ret[n_inner] = th->pid;
	return n_inner + 1;
}

static struct thread *thread_by_own_pid(struct task *t, pid_t own)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		struct thread *th = &t->threads[i];

		if (pids_own(th) == own)
			return th;
	}
	return NULL;
}

static int find_threads(struct restore *r, struct task *t, pid_t pid_real)
{
	auto_free char *path = NULL;
	auto_dir DIR *dir = NULL;
	struct dirent *e;

	if (asprintf(&path, "/proc/%d/task", pid_real) < 0)
		return -ENOMEM;
	dir = opendir(path);
	if (!dir)
		return fail_errno("open %s", path);
	while ((e = readdir(dir))) {
		struct proc_status status;
		struct thread *th;
		int32_t tid;
		int err;

		if (parse_i32(e->d_name, 10, &tid))
			continue;
		err = proc_status_read(pid_real, tid, &r->m.arena, &status);
		if (err)
			return fail_with(err, "read /proc/%d/task/%d/status", pid_real, tid);
		th = thread_by_own_pid(t, proc_pids_own(&status.ns_pid));
		if (!th)
			return fail(EINVAL, "process %d has a thread %d that is not in the images", leader(t)->pid, tid);
		th->pid_real = tid;
	}
	return 0;
}

int pids_find_real(struct restore *r)
{
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		struct task *t = r->m.tasks.v[i];
		pid_t real = r->shared->tasks[i].pid_real;
		int err;

		if (real == leader(t)->pid)
			continue;	/* its threads have their own numbers, too */
		leader(t)->pid_real = real;
		err = is_alive(t) ? find_threads(r, t, real) : 0;
		if (err)
			return err;
	}
	return 0;
}
