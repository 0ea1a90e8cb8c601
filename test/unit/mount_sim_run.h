/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount_sim_run.h: takes the steps of a plan on the model, and compares what came out */
#include "mount_sim.h"

/* A place is in sight unless something covers it or the way to it. */
static inline bool sim_is_in_sight(struct sim *s, const struct sim_mount *parent, const char *point)
{
	for (size_t i = 0; i < s->m->all.n; i++) {
		const struct sim_mount *x = &s->mounts[i];

		if (x->is_attached && x->parent == parent && (!*x->point || path_is_below(point, x->point)))
			return false;
	}
	return true;
}

static inline void sim_attach(struct sim *s, const struct mnt *mnt)
{
	struct sim_mount *x = &s->mounts[mnt->index];

	x->parent = &s->mounts[mnt->parent->index];
	x->point = mnt->point;
	SIM_NEEDS(s, x->is_there && !x->is_attached);
	SIM_NEEDS(s, x->parent->is_attached);
	SIM_NEEDS(s, x->has_point || sim_is_in_sight(s, x->parent, x->point));
	/* Onto a shared parent it would be copied to all its peers and slaves. */
	SIM_NEEDS(s, !x->parent->group);
	x->is_attached = true;
}

static inline void sim_clone(struct sim *s, const struct mnt *mnt)
{
	const struct sim_mount *b = &s->bases[mnt->base->index];

	SIM_NEEDS(s, b->is_there && path_is_below(mnt->e->root, b->root));
	SIM_NEEDS(s, !s->mounts[mnt->index].is_there);
	s->mounts[mnt->index] = (struct sim_mount){ .sb = b->sb, .root = mnt->e->root, .is_there = true,
						    .has_point = s->mounts[mnt->index].has_point };
}

static inline void sim_step(struct sim *s, const struct mount_op *op)
{
	switch (op->type) {
	case MOUNT_OP_BASE:
		SIM_NEEDS(s, !s->bases[op->base->index].is_there);
		s->bases[op->base->index] =
			(struct sim_mount){ .sb = op->base->sb, .root = op->base->root, .is_there = true };
		break;
	case MOUNT_OP_CLONE:
		sim_clone(s, op->mnt);
		break;
	case MOUNT_OP_ENTER:
		SIM_NEEDS(s, s->mounts[op->mnt->index].is_there);
		s->mounts[op->mnt->index].is_attached = true;
		s->mounts[op->mnt->index].point = "";
		break;
	case MOUNT_OP_POINT:
		SIM_NEEDS(s, s->mounts[op->mnt->parent->index].is_attached);
		SIM_NEEDS(s, sim_is_in_sight(s, &s->mounts[op->mnt->parent->index], op->mnt->point));
		s->mounts[op->mnt->index].has_point = true;
		break;
	case MOUNT_OP_ATTACH:
		sim_attach(s, op->mnt);
		break;
	case MOUNT_OP_GROUP:
		sim_group(s, op->group);
		break;
	case MOUNT_OP_JOIN:
		sim_set_group(s, &s->helpers[op->mnt->group->index], &s->mounts[op->mnt->index]);
		break;
	}
}

static inline void sim_run(struct sim *s, struct mounts *m, const struct mount_plan *p)
{
	*s = (struct sim){ .m = m };
	s->mounts = arena_array(m->arena, struct sim_mount, m->all.n + 1);
	s->helpers = arena_array(m->arena, struct sim_mount, m->groups.n + 1);
	s->bases = arena_array(m->arena, struct sim_mount, m->bases.n + 1);
	for (size_t i = 0; i < p->ops.n && !s->error; i++) {
		/* What tasks must be there for waits for them, and so does whatever makes mounts share. */
		SIM_NEEDS(s, i >= p->n_early || p->ops.v[i].type != MOUNT_OP_BASE || !p->ops.v[i].base->sb->shown_ns);
		SIM_NEEDS(s, i >= p->n_early || p->ops.v[i].type != MOUNT_OP_GROUP || p->n_early == p->ops.n);
		sim_step(s, &p->ops.v[i]);
	}
	for (size_t i = 0; i < m->groups.n; i++) {	/* as when the builder ends */
		s->helpers[i].is_there = false;
		sim_leave(s, &s->helpers[i]);
	}
	for (size_t i = 0; i < m->bases.n; i++)
		s->bases[i].is_there = false;
}

/* The number that stands for a recorded one: the same everywhere, and nobody else's. */
static inline bool sim_is_same_number(struct mounts *m, struct map *to, struct map *back, uint32_t recorded, int made)
{
	uint64_t *a, *b;

	if (!recorded || !made)
		return !recorded == !made;
	a = map_at(m->arena, to, recorded);
	b = map_at(m->arena, back, made);
	if (!*a && !*b) {
		*a = made;
		*b = recorded;
	}
	return *a == (uint64_t)made && *b == recorded;
}

/* What differs from the records, or NULL. */
static inline const char *sim_compare(struct sim *s)
{
	struct map to = { 0 }, back = { 0 };

	for (size_t i = 0; i < s->m->all.n; i++) {
		const struct mnt *mnt = s->m->all.v[i];
		struct sim_mount *x = &s->mounts[i];

		if (!x->is_attached)
			return "a mount is missing";
		if (mnt->parent && x->parent != &s->mounts[mnt->parent->index])
			return "a mount hangs from another parent";
		if (!streq(x->root, mnt->e->root) || x->sb != mnt->sb)
			return "a mount shows something else";
		if (!sim_is_same_number(s->m, &to, &back, mnt->e->shared_id, x->group))
			return "peer groups differ";
		if (!sim_is_same_number(s->m, &to, &back, mnt->e->master_id, x->master))
			return "masters differ";
	}
	return NULL;
}
