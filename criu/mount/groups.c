/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peer groups and their masters, from the numbers of the records. */
#include <stdlib.h>
#include "base/log.h"
#include "mount/plan.h"

static struct mnt_group *group_add(struct mounts *m, const MntEntry *e)
{
	struct mnt_group *g = arena_new(m->arena, struct mnt_group);

	g->shared = e->shared_id;
	g->master = e->master_id;
	g->depth = -1;
	vec_push(m->arena, &m->groups, g);
	return g;
}

/* Peers have one number; slaves that do not share are alike if their master is the same. */
static int find_group(struct mounts *m, struct mnt *mnt)
{
	const MntEntry *e = mnt->e;
	struct mnt_group *g;
	uint64_t *at;

	if (!e->shared_id && !e->master_id)
		return 0;
	at = e->shared_id ? map_at(m->arena, &m->by_shared, e->shared_id) :
			    map_at(m->arena, &m->by_master, e->master_id);
	if (!*at) {
		group_add(m, e);
		*at = m->groups.n;
	}
	g = m->groups.v[*at - 1];
	if (g->master != e->master_id)
		return fail(EINVAL, "%s: peer group %u has two masters", e->mountpoint, g->shared);
	if (g->mnts.n && g->mnts.v[0]->sb != mnt->sb)
		return fail(EINVAL, "%s: its group has mounts of another file system", e->mountpoint);
	mnt->group = g;
	vec_push(m->arena, &g->mnts, mnt);
	return 0;
}

static void find_master(struct mounts *m, struct mnt_group *g)
{
	const uint64_t *at = g->master ? map_find(&m->by_shared, g->master) : NULL;

	g->up = at ? m->groups.v[*at - 1] : NULL;
	g->is_outside_slave = g->master && !g->up;
}

static int measure(struct mounts *m, struct mnt_group *g)
{
	int depth = 0;

	for (struct mnt_group *up = g->up; up; up = up->up) {
		if (++depth > (int)m->groups.n)
			return fail(EINVAL, "peer group %u is its own master", g->shared);
		if (up->depth >= 0) {
			depth += up->depth;
			break;
		}
	}
	g->depth = depth;
	return 0;
}

static struct mnt_group *top_of(struct mnt_group *g)
{
	while (g->up)
		g = g->up;
	return g;
}

static bool shows(const struct mnt_base *base, const struct mnt *mnt)
{
	return base && path_is_below(mnt->e->root, base->root);
}

/*
 * One place must show all that a group and its slaves show: the kernel lets a mount join only what is as wide as itself.
 * That is what shows most of the file system, or, where it shows another part, what a member is cloned from itself.
 */
static void widen_base(struct mnt_group *g)
{
	struct mnt_base **base = &top_of(g)->base;

	for (size_t i = 0; i < g->mnts.n; i++) {
		struct mnt *mnt = g->mnts.v[i];

		if (!*base)
			*base = shows(mnt->sb->base, mnt) ? mnt->sb->base : mnt->base;
		else if (mnt->base && path_is_below((*base)->root, mnt->base->root))
			*base = mnt->base;
	}
}

static void check_base(struct mounts *m, struct mnt_group *g, mount_problems *problems)
{
	struct mnt_base *base = g->base = top_of(g)->base;

	for (size_t i = 0; i < g->mnts.n; i++) {
		struct mnt *mnt = g->mnts.v[i];

		if (!shows(base, mnt))
			vec_push(m->arena, problems, ((struct mount_problem){ MOUNT_NO_GROUP, mnt }));
		else if (g->is_outside_slave && !base->is_outside)
			vec_push(m->arena, problems, ((struct mount_problem){ MOUNT_NO_MASTER, mnt }));
		if (mnt_is_external(mnt->e) && !mnt->e->internal_sharing && g->shared)
			g->is_outside_peer = true;
	}
}

static int by_depth(const void *a, const void *b)
{
	const struct mnt_group *const *x = a, *const *y = b;

	if ((*x)->depth != (*y)->depth)
		return (*x)->depth - (*y)->depth;
	return ((*x)->mnts.v[0]->index > (*y)->mnts.v[0]->index) - ((*x)->mnts.v[0]->index < (*y)->mnts.v[0]->index);
}

int groups_plan(struct mounts *m, mount_problems *problems)
{
	int err = 0;

	for (size_t i = 0; i < m->all.n && !err; i++) {
		IN_SCOPE("mount", m->all.v[i]->e->mnt_id);
		err = find_group(m, m->all.v[i]);
	}
	for (size_t i = 0; i < m->groups.n && !err; i++)
		find_master(m, m->groups.v[i]);
	for (size_t i = 0; i < m->groups.n && !err; i++)
		err = measure(m, m->groups.v[i]);
	if (err || !m->groups.n)
		return err;
	for (size_t i = 0; i < m->groups.n; i++)
		widen_base(m->groups.v[i]);
	for (size_t i = 0; i < m->groups.n; i++)
		check_base(m, m->groups.v[i], problems);
	qsort(m->groups.v, m->groups.n, sizeof(*m->groups.v), by_depth);
	for (size_t i = 0; i < m->groups.n; i++)
		m->groups.v[i]->index = i;
	return 0;
}
