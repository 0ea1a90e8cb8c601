/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup.img: read, checked, and moved to where --cgroup-root says. */
#include <errno.h>
#include <stdio.h>
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/state.h"
#include "image/dir.h"
#include "options.h"
#include "run/restore.h"

static int check_dir(const struct image_in *in, const CgroupDirEntry *e, bool is_head, int depth)
{
	enum { DEPTH_MAX = 256 };

	if (depth > DEPTH_MAX)
		return image_bad(in, "cgroups are nested more than %d deep", DEPTH_MAX);
	if (!cgroup_path_is_good(e->dir_name) || (!is_head && (!*e->dir_name || strchr(e->dir_name, '/'))))
		return image_bad(in, "impossible name of a cgroup: \"%.64s\"", e->dir_name);
	for (size_t i = 0; i < e->n_properties; i++) {
		const char *name = e->properties[i]->name;

		if (!*name || strchr(name, '/') || *name == '.')
			return image_bad(in, "impossible name of a property: \"%.64s\"", name);
	}
	for (size_t i = 0; i < e->n_children; i++) {
		int err = check_dir(in, e->children[i], false, depth + 1);

		if (err)
			return err;
	}
	return 0;
}

static int check_entry(const struct image_in *in, const CgroupEntry *e)
{
	for (size_t i = 0; i < e->n_sets; i++)
		for (size_t n = 0; n < e->sets[i]->n_ctls; n++) {
			const CgMemberEntry *m = e->sets[i]->ctls[n];

			if (*m->path != '/' || !cgroup_path_is_good(m->path + 1))
				return image_bad(in, "set %u: impossible path \"%.64s\"", e->sets[i]->id, m->path);
			if (m->has_cgns_prefix && m->cgns_prefix > strlen(m->path))
				return image_bad(in, "set %u: prefix %u of \"%.64s\"", e->sets[i]->id, m->cgns_prefix,
						 m->path);
		}
	for (size_t i = 0; i < e->n_controllers; i++) {
		if (!e->controllers[i]->n_cnames)
			return image_bad(in, "a hierarchy without a name");
		for (size_t n = 0; n < e->controllers[i]->n_dirs; n++) {
			int err = check_dir(in, e->controllers[i]->dirs[n], true, 0);

			if (err)
				return err;
		}
	}
	return 0;
}

const struct cg_set *cgroups_set_of(const struct cgroups_restore *c, const struct restore *r, const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	const TaskCoreEntry *task = leader(th->task)->core->tc;
	uint32_t id = tc && tc->has_cg_set ? tc->cg_set : task && task->has_cg_set ? task->cg_set : 0;

	if (!c || !id || id == r->m.inventory->root_cg_set)
		return NULL;
	for (size_t i = 0; i < c->sets.n; i++)
		if (c->sets.v[i].entry->id == id)
			return &c->sets.v[i];
	return NULL;
}

static int check_threads(const struct restore *r)
{
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];

		for (size_t n = 0; is_alive(t) && n < t->n_threads; n++) {
			const ThreadCoreEntry *tc = t->threads[n].core->thread_core;

			if (!tc || !tc->has_cg_set || !tc->cg_set || tc->cg_set == r->m.inventory->root_cg_set ||
			    cgroups_set_of(r->cgroups, r, &t->threads[n]))
				continue;
			return fail(EINVAL, "core-%d.img: cgroup set %u is not in cgroup.img", t->threads[n].pid,
				    tc->cg_set);
		}
	}
	return 0;
}

static const char *join_names(struct arena *a, const CgControllerEntry *e)
{
	const char *all = e->cnames[0];

	for (size_t i = 1; i < e->n_cnames; i++)
		all = arena_printf(a, "%s,%s", all, e->cnames[i]);
	return all;
}

/* A namespace whose root was above the old head has the new head as its root: what is above is another place now. */
static void move_root(CgMemberEntry *m, size_t from, size_t to)
{
	if (m->has_cgns_prefix)
		m->cgns_prefix = m->cgns_prefix > from ? m->cgns_prefix - from + to : to;
}

/* Every path of this hierarchy that is at or below the old head gets the new one. */
static void move_head(struct restore *r, const char *name, CgroupDirEntry *head, const char *to)
{
	struct arena *a = &r->m.arena;
	const char *from = arena_printf(a, "/%s", head->dir_name);

	for (size_t i = 0; i < r->m.cgroup->n_sets; i++) {
		CgSetEntry *s = r->m.cgroup->sets[i];

		for (size_t n = 0; n < s->n_ctls; n++) {
			CgMemberEntry *m = s->ctls[n];
			const char *rest;

			if (!streq(m->name, name) || !cgroup_path_is_below(m->path, from))
				continue;
			rest = m->path + (streq(from, "/") ? 0 : strlen(from));
			move_root(m, streq(from, "/") ? 0 : strlen(from), streq(to, "/") ? 0 : strlen(to));
			m->path = arena_printf(a, "%s%s", streq(to, "/") && *rest ? "" : to, streq(rest, "/") ? "" : rest);
		}
	}
	head->dir_name = (char *)to + 1;
}

static int load_sets(struct restore *r)
{
	struct cgroups_restore *c = r->cgroups;

	for (size_t i = 0; i < r->m.cgroup->n_controllers; i++) {
		CgControllerEntry *e = r->m.cgroup->controllers[i];
		const char *name = join_names(&r->m.arena, e), *to = new_root_for(&c->new_roots, name);

		for (size_t n = 0; to && n < e->n_dirs; n++)
			move_head(r, name, e->dirs[n], to);
	}
	for (size_t i = 0; i < r->m.cgroup->n_sets; i++)
		vec_push(&r->m.arena, &c->sets, ((struct cg_set){ .entry = r->m.cgroup->sets[i] }));
	return check_threads(r);
}

int cgroups_load(struct restore *r)
{
	enum cgroup_mode mode;
	struct new_roots new_roots = { 0 };
	struct image_in in;
	int err = cgroups_mode(r->opt, &mode), got;

	if (!err)
		err = new_roots_read(&r->m.arena, &r->opt->cgroup_root, &new_roots);
	if (err || mode == CG_IGNORE || r->opt->unprivileged)
		return err;
	got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_CGROUP, 0);
	if (!got)
		got = image_next(&in, &r->m.cgroup);
	if (got <= 0)
		return got;
	err = check_entry(&in, r->m.cgroup);
	if (err)
		return err;
	r->cgroups = arena_new(&r->m.arena, struct cgroups_restore);
	r->cgroups->mode = mode;
	r->cgroups->new_roots = new_roots;
	r->cgroups->hierarchies.arena = &r->m.arena;
	r->cgroups->hierarchies.yard = r->opt->cgroup_yard;
	return load_sets(r);
}
