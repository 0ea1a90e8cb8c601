/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount_sim.h: a model of what the kernel does with mounts, for plans to run on */
#include <string.h>
#include "base/parse.h"
#include "mount/plan.h"

struct sim_mount {
	const struct mnt_sb *sb;
	const char *root;
	bool is_there, is_attached, has_point;
	struct sim_mount *parent;
	const char *point;
	int group, master;		/* 0: none */
};

struct sim {
	struct mounts *m;
	struct sim_mount *mounts, *helpers, *bases;
	int next_group;
	const char *error;		/* the first step that the kernel would not take */
};

#define SIM_NEEDS(s, condition) do { if (!(condition) && !(s)->error) (s)->error = #condition; } while (0)

/* Every mount that exists, in turn: trees, helpers and bases. */
static inline struct sim_mount *sim_each(struct sim *s, size_t i)
{
	if (i < s->m->all.n)
		return &s->mounts[i];
	i -= s->m->all.n;
	if (i < s->m->groups.n)
		return &s->helpers[i];
	i -= s->m->groups.n;
	return i < s->m->bases.n ? &s->bases[i] : NULL;
}

static inline int sim_count_peers(struct sim *s, int group)
{
	struct sim_mount *x;
	int n = 0;

	for (size_t i = 0; (x = sim_each(s, i)); i++)
		n += x->is_there && x->group == group;
	return n;
}

/* fs/pnode.c: the last peer that leaves takes its slaves to its own master. */
static inline void sim_leave(struct sim *s, struct sim_mount *mnt)
{
	int group = mnt->group, master = mnt->master;
	struct sim_mount *x;

	mnt->group = mnt->master = 0;
	if (!group || sim_count_peers(s, group))
		return;
	for (size_t i = 0; (x = sim_each(s, i)); i++)
		if (x->master == group)
			x->master = master;
}

static inline void sim_make_slave(struct sim *s, struct sim_mount *mnt)
{
	int group = mnt->group, master = mnt->master;

	mnt->group = 0;
	mnt->master = sim_count_peers(s, group) ? group : master;
}

/* fs/namespace.c, do_set_group() */
static inline void sim_set_group(struct sim *s, const struct sim_mount *from, struct sim_mount *to)
{
	SIM_NEEDS(s, from->is_there && to->is_there);
	SIM_NEEDS(s, from->sb == to->sb);
	SIM_NEEDS(s, path_is_below(to->root, from->root));
	SIM_NEEDS(s, !to->group && !to->master);
	SIM_NEEDS(s, from->group || from->master);
	to->group = from->group;
	to->master = from->master;
}

static inline void sim_group(struct sim *s, const struct mnt_group *g)
{
	struct sim_mount *h = &s->helpers[g->index];
	const struct mnt_base *b = g->base;

	SIM_NEEDS(s, s->bases[b->index].is_there);
	*h = (struct sim_mount){ .sb = b->sb, .root = b->root, .is_there = true };
	if (g->up) {
		sim_set_group(s, &s->helpers[g->up->index], h);
		sim_make_slave(s, h);
	}
	if (g->shared)
		h->group = ++s->next_group;
}
