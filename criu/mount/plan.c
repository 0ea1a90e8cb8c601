/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of the steps that make mounts. */
#include <string.h>
#include "mount/plan.h"

/* Mounts of one namespace that wait until the directories they are made of are there. */
struct late_mounts {
	VEC(struct mnt *) v;
};

static void push(struct mounts *m, struct mount_plan *p, struct mount_op op)
{
	vec_push(m->arena, &p->ops, op);
}

static void push_mnt(struct mounts *m, struct mount_plan *p, enum mount_op_type type, struct mnt *mnt)
{
	push(m, p, (struct mount_op){ .type = type, .mnt = mnt });
}

static bool is_late(const struct mnt_base *b)
{
	return !b->is_outside && b->sb->kind->traits & KIND_LATE;
}

/* Walks the tree below mnt, which is attached: parents first, and of siblings the one that another would hide. */
static void attach_below(struct mounts *m, struct mount_plan *p, struct mnt *top, struct late_mounts *late)
{
	struct mnt *at = top->child;

	while (at) {
		bool is_later = is_late(at->base);

		push_mnt(m, p, is_later ? MOUNT_OP_POINT : MOUNT_OP_ATTACH, at);
		if (is_later)
			vec_push(m->arena, &late->v, at);
		if (!is_later && at->child) {
			at = at->child;
			continue;
		}
		while (at != top && !at->next)
			at = at->parent;
		at = at == top ? NULL : at->next;
	}
}

/* The oldest comes first: what it is made of was there when it was mounted. */
static struct mnt *take_oldest(struct late_mounts *late)
{
	size_t best = 0;
	struct mnt *mnt;

	for (size_t i = 1; i < late->v.n; i++)
		if (late->v.v[i]->index < late->v.v[best]->index)
			best = i;
	mnt = late->v.v[best];
	late->v.v[best] = late->v.v[--late->v.n];
	return mnt;
}

static void plan_ns(struct mounts *m, struct mount_plan *p, struct mnt_ns *ns, bool *is_made)
{
	struct late_mounts late = { 0 };

	for (size_t i = 0; i < ns->mnts.n; i++)
		if (!is_late(ns->mnts.v[i]->base) || is_made[ns->mnts.v[i]->base->index])
			push_mnt(m, p, MOUNT_OP_CLONE, ns->mnts.v[i]);
	push_mnt(m, p, MOUNT_OP_ENTER, ns->root);
	attach_below(m, p, ns->root, &late);
	while (late.v.n) {
		struct mnt *mnt = take_oldest(&late);

		if (!is_made[mnt->base->index]) {
			is_made[mnt->base->index] = true;
			push(m, p, (struct mount_op){ .type = MOUNT_OP_BASE, .base = mnt->base });
			for (size_t i = 0; i < mnt->sb->mnts.n; i++)
				if (mnt->sb->mnts.v[i]->ns == ns && mnt->sb->mnts.v[i]->base == mnt->base)
					push_mnt(m, p, MOUNT_OP_CLONE, mnt->sb->mnts.v[i]);
		}
		push_mnt(m, p, MOUNT_OP_ATTACH, mnt);
		attach_below(m, p, mnt, &late);
	}
}

static void plan_groups(struct mounts *m, struct mount_plan *p)
{
	for (size_t i = 0; i < m->groups.n; i++) {
		struct mnt_group *g = m->groups.v[i];

		push(m, p, (struct mount_op){ .type = MOUNT_OP_GROUP, .group = g });
		for (size_t k = 0; k < g->mnts.n; k++)
			push_mnt(m, p, MOUNT_OP_JOIN, g->mnts.v[k]);
	}
}

int mounts_plan(struct mounts *m, bool is_root_given, mount_problems *problems, struct mount_plan *ret)
{
	bool *is_made;
	int err;

	*ret = (struct mount_plan){ 0 };
	bases_plan(m, is_root_given, problems);
	err = groups_plan(m, problems);
	if (err || problems->n)
		return err;
	is_made = arena_array(m->arena, bool, m->bases.n + 1);
	for (size_t i = 0; i < m->bases.n; i++)
		if (!is_late(m->bases.v[i]))
			push(m, ret, (struct mount_op){ .type = MOUNT_OP_BASE, .base = m->bases.v[i] });
	for (size_t i = 0; i < m->ns.n; i++)
		plan_ns(m, ret, m->ns.v[i], is_made);
	plan_groups(m, ret);
	return 0;
}
