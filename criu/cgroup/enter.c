/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of tasks and threads into their cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "cgroup/state.h"
#include "run/restore.h"

static uint64_t hash_place(const struct cg_hierarchy *h, const char *path)
{
	uint64_t sum = (uintptr_t)h;

	for (; *path; path++)
		sum = hash_add(sum, (unsigned char)*path);
	return sum;
}

int cgroups_open_place(struct restore *r, const struct cg_hierarchy *h, const char *path, struct cg_place **ret)
{
	struct cg_place *p = arena_new(&r->m.arena, struct cg_place);
	const char *relative = hierarchy_relative(h, path);

	*p = (struct cg_place){ .h = h, .path = path, .procs = -1, .dir = -1 };
	if (!relative)
		return fail(ENOENT, "cgroup %s of %s is outside of what is mounted here (%s); use --cgroup-root or "
			    "--cgroup-yard", path, *h->name ? h->name : "version 2", h->top);
	/*
	 * By `tasks` a process of one thread moves itself without keeping out the forks and exits of the whole machine,
	 * which waits for a grace period of RCU (5.5, cgroup_procs_write_start() in kernel/cgroup/cgroup.c).
	 */
	p->procs = openat(h->dir, arena_printf(&r->m.arena, "%s/%s", relative, *h->name ? "tasks" : "cgroup.procs"),
			  O_WRONLY | O_CLOEXEC);
	if (p->procs >= 0 && !*h->name)
		p->dir = openat(h->dir, relative, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->procs < 0 || (!*h->name && p->dir < 0))
		return fail_errno("open cgroup %s of %s to put tasks there", path, *h->name ? h->name : "version 2");
	vec_push(&r->m.arena, &r->cgroups->places, p);
	*ret = p;
	return 0;
}

static int open_set(struct restore *r, struct map *known, struct cg_set *s)
{
	s->places = arena_array(&r->m.arena, struct cg_place *, s->entry->n_ctls + 1);
	for (size_t i = 0; i < s->entry->n_ctls; i++) {
		const CgMemberEntry *m = s->entry->ctls[i];
		struct cg_hierarchy *h;
		uint64_t *at;
		int err = hierarchy_get(&r->cgroups->hierarchies, m->name, m->path, &h);

		if (err)
			return err;
		at = map_at(&r->m.arena, known, hash_place(h, m->path));
		if (*at && streq(r->cgroups->places.v[*at - 1]->path, m->path)) {
			s->places[i] = r->cgroups->places.v[*at - 1];
			continue;
		}
		err = cgroups_open_place(r, h, m->path, &s->places[i]);
		if (err)
			return err;
		*at = r->cgroups->places.n;
	}
	return 0;
}

/* Tasks that were where the tool was at dump are where it is now, also if their forker is not. */
static void add_own(struct restore *r)
{
	struct cgroups_restore *c = r->cgroups;
	CgSetEntry *e = arena_msg(&r->m.arena, CgSetEntry, cg_set_entry__init);

	e->id = r->m.inventory->root_cg_set;
	for (size_t i = 0; i < r->m.cgroup->sets[0]->n_ctls; i++) {
		CgMemberEntry *m = arena_msg(&r->m.arena, CgMemberEntry, cg_member_entry__init);
		const char *path = cgroup_lines_path(&c->now, r->m.cgroup->sets[0]->ctls[i]->name);

		m->name = r->m.cgroup->sets[0]->ctls[i]->name;
		m->path = (char *)path;
		if (path)
			pb_push(&r->m.arena, e->ctls, e->n_ctls, m);
	}
	vec_push(&r->m.arena, &c->sets, ((struct cg_set){ .entry = e }));
}

static bool has_own(const struct restore *r)
{
	for (size_t i = 0; i < r->m.tasks.n; i++)
		for (size_t n = 0; is_alive(r->m.tasks.v[i]) && n < r->m.tasks.v[i]->n_threads; n++)
			if (!cgroups_set_of(r->cgroups, r, &r->m.tasks.v[i]->threads[n]))
				return true;
	return false;
}

int cgroups_open_places(struct restore *r)
{
	struct map known = { 0 };
	int err = 0;

	if (r->cgroups->sets.n && has_own(r))
		add_own(r);
	for (size_t i = 0; i < r->cgroups->sets.n && !err; i++)
		err = open_set(r, &known, &r->cgroups->sets.v[i]);
	return err ?: cgroups_open_roots(r);
}

const struct cg_set *cgroups_set_of_task(const struct restore *r, const struct task *t)
{
	const struct cgroups_restore *c = r->cgroups;
	const struct cg_set *s = c && is_alive(t) ? cgroups_set_of(c, r, leader(t)) : NULL;

	if (s || !c || !c->sets.n || !is_alive(t))
		return s;
	s = &c->sets.v[c->sets.n - 1];		/* the tool's own, if anybody needs it */
	return s->entry->id == r->m.inventory->root_cg_set ? s : NULL;
}

static bool is_there(const struct cgroups_restore *c, const struct cg_place *p)
{
	const char *now = cgroup_lines_path(&c->now, p->h->name);

	return now && streq(now, p->path);
}

int cgroups_birth(const struct restore *r, const struct task *t)
{
	const struct cg_set *s = cgroups_set_of_task(r, t);

	for (size_t i = 0; s && i < s->entry->n_ctls; i++)
		if (s->places[i]->dir >= 0)
			return is_there(r->cgroups, s->places[i]) ? -1 : s->places[i]->dir;
	return -1;
}

static int refused(const struct cg_place *p, int err)
{
	const char *h = *p->h->name ? p->h->name : "version 2";

	if (err == EBUSY)
		return fail(err, "enter cgroup %s of %s: it hands controllers down, so it can hold no tasks itself",
			    p->path, h);
	if (err == ENOSPC)
		return fail(err, "enter cgroup %s of %s: its cpuset is empty; give it cpus and mems", p->path, h);
	return fail_with(err, "enter cgroup %s of %s", p->path, h);
}

static void note_place(struct cgroups_restore *c, const struct cg_place *p)
{
	for (size_t i = 0; i < c->now.v.n; i++)
		if (streq(c->now.v.v[i].name, p->h->name))
			c->now.v.v[i].path = p->path;
}

int cgroups_enter_place(struct restore *r, const struct cg_place *p)
{
	if (is_there(r->cgroups, p))
		return 0;
	if (write(p->procs, "0", 1) < 0)
		return refused(p, errno);
	note_place(r->cgroups, p);
	return 0;
}

int cgroups_enter(struct restore *r, const struct task *t, bool is_born)
{
	const struct cg_set *s = cgroups_set_of_task(r, t);

	for (size_t i = 0; s && i < s->entry->n_ctls; i++) {
		const struct cg_place *p = s->places[i];
		int err = 0;

		if (is_born && p->dir >= 0)
			note_place(r->cgroups, p);
		else
			err = cgroups_enter_place(r, p);
		if (err)
			return err;
	}
	return 0;
}

static int place_thread(struct restore *r, const struct thread *th, const struct cg_set *s)
{
	const struct cg_set *of_leader = cgroups_set_of_task(r, th->task);

	for (size_t i = 0; i < s->entry->n_ctls; i++) {
		const struct cg_place *p = s->places[i];
		auto_fd int fd = -1;
		char tid[16];

		if (of_leader && i < of_leader->entry->n_ctls && of_leader->places[i] == p)
			continue;
		fd = openat(p->h->dir, arena_printf(&r->m.arena, "%s/%s", hierarchy_relative(p->h, p->path),
						    *p->h->name ? "tasks" : "cgroup.threads"), O_WRONLY | O_CLOEXEC);
		snprintf(tid, sizeof(tid), "%d", th->pid_real);
		if (fd < 0 || write(fd, tid, strlen(tid)) < 0)
			return fail_errno("put thread %d into cgroup %s of %s", th->pid, p->path,
					  *p->h->name ? p->h->name : "version 2");
	}
	return 0;
}

int cgroups_place_threads(struct restore *r)
{
	for (size_t i = 0; r->cgroups && i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];

		for (size_t n = 1; is_alive(t) && n < t->n_threads; n++) {
			const struct cg_set *s = cgroups_set_of(r->cgroups, r, &t->threads[n]);
			int err = s && s != cgroups_set_of_task(r, t) ? place_thread(r, &t->threads[n], s) : 0;

			if (err)
				return err;
		}
	}
	return 0;
}
