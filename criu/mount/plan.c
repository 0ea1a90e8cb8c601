/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of the steps that make mounts. */
#include <string.h>
#include "base/parse.h"
#include "mount/plan.h"

typedef VEC(struct mnt *) mnt_list;

struct planning {
	struct mounts *m;
	struct mount_plan *p;
	bool *is_made;			/* by base: of those that do not come at the beginning */
	mnt_list late;			/* wait until the directories that they are made of are there */
	mnt_list last;			/* wait until the tasks are there whose namespaces they show */
};

static void push(struct planning *g, struct mount_op op)
{
	vec_push(g->m->arena, &g->p->ops, op);
}

static void push_mnt(struct planning *g, enum mount_op_type type, struct mnt *mnt)
{
	push(g, (struct mount_op){ .type = type, .mnt = mnt });
}

static bool is_late(const struct mnt_base *b)
{
	return !b->is_outside && b->sb->kind->traits & KIND_LATE;
}

static bool is_last(const struct mnt_base *b)
{
	return !b->is_outside && b->sb->shown_ns;
}

static bool comes_later(const struct mnt_base *b)
{
	return is_late(b) || is_last(b);
}

/* "1/fd": the number of a process, 0: none */
static pid_t process_of(const struct mnt_sb *sb, const char *path)
{
	pid_t pid = 0;

	if (!sb->is_made || !(sb->kind->traits & KIND_PIDS))
		return 0;
	for (path += *path == '/'; *path >= '0' && *path <= '9' && pid < 1 << 22; path++)
		pid = pid * 10 + *path - '0';
	return pid;
}

pid_t mnt_of_process(const struct mnt *mnt)
{
	return process_of(mnt->sb, mnt->e->root);
}

pid_t mnt_on_process(const struct mnt *mnt)
{
	return mnt->parent && streq(mnt->parent->e->root, "/") ? process_of(mnt->parent->sb, mnt->point) : 0;
}

/* Walks the tree below mnt, which is attached: parents first, and of siblings the one that another would hide. */
static void attach_below(struct planning *g, struct mnt *top)
{
	struct mnt *at = top->child;

	while (at) {
		bool waits = mnt_on_process(at), is_last_of_all = waits || mnt_of_process(at) || is_last(at->base);
		bool is_later = is_last_of_all || is_late(at->base);

		if (!waits)
			push_mnt(g, is_later ? MOUNT_OP_POINT : MOUNT_OP_ATTACH, at);
		if (is_later)
			vec_push(g->m->arena, is_last_of_all ? &g->last : &g->late, at);
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
static struct mnt *take_oldest(mnt_list *late)
{
	size_t best = 0;
	struct mnt *mnt;

	for (size_t i = 1; i < late->n; i++)
		if (late->v[i]->index < late->v[best]->index)
			best = i;
	mnt = late->v[best];
	late->v[best] = late->v[--late->n];
	return mnt;
}

/* Its base, where it is the first of it; then it and what hangs from it. */
static void attach_later(struct planning *g, struct mnt *mnt)
{
	if (comes_later(mnt->base) && !g->is_made[mnt->base->index]) {
		g->is_made[mnt->base->index] = true;
		push(g, (struct mount_op){ .type = MOUNT_OP_BASE, .base = mnt->base });
	}
	if (comes_later(mnt->base) || mnt_of_process(mnt))
		push_mnt(g, MOUNT_OP_CLONE, mnt);
	push_mnt(g, MOUNT_OP_ATTACH, mnt);
	attach_below(g, mnt);
}

static void attach_late(struct planning *g)
{
	while (g->late.n)
		attach_later(g, take_oldest(&g->late));
}

static void plan_ns(struct planning *g, struct mnt_ns *ns)
{
	for (size_t i = 0; i < ns->mnts.n; i++)
		if (!comes_later(ns->mnts.v[i]->base) && !mnt_of_process(ns->mnts.v[i]))
			push_mnt(g, MOUNT_OP_CLONE, ns->mnts.v[i]);
	push_mnt(g, MOUNT_OP_ENTER, ns->root);
	attach_below(g, ns->root);
	attach_late(g);
}

static void plan_last(struct planning *g)
{
	while (g->last.n) {
		attach_later(g, take_oldest(&g->last));
		attach_late(g);
	}
}

static void plan_groups(struct planning *g)
{
	for (size_t i = 0; i < g->m->groups.n; i++) {
		struct mnt_group *group = g->m->groups.v[i];

		push(g, (struct mount_op){ .type = MOUNT_OP_GROUP, .group = group });
		for (size_t k = 0; k < group->mnts.n; k++)
			push_mnt(g, MOUNT_OP_JOIN, group->mnts.v[k]);
	}
}

void late_roots_find(struct mounts *m, mount_problems *problems)
{
	for (size_t i = 0; i < m->ns.n; i++)
		if (m->ns.v[i]->root->base && is_last(m->ns.v[i]->root->base))
			vec_push(m->arena, problems, ((struct mount_problem){ MOUNT_TOO_LATE, m->ns.v[i]->root }));
}

int mounts_plan(struct mounts *m, bool is_root_given, mount_problems *problems, struct mount_plan *ret)
{
	struct planning g = { .m = m, .p = ret };
	int err;

	*ret = (struct mount_plan){ 0 };
	bases_plan(m, is_root_given, problems);
	err = groups_plan(m, problems);
	late_roots_find(m, problems);
	if (err || problems->n)
		return err;
	g.is_made = arena_array(m->arena, bool, m->bases.n + 1);
	for (size_t i = 0; i < m->bases.n; i++)
		if (!comes_later(m->bases.v[i]))
			push(&g, (struct mount_op){ .type = MOUNT_OP_BASE, .base = m->bases.v[i] });
	for (size_t i = 0; i < m->ns.n; i++)
		plan_ns(&g, m->ns.v[i]);
	if (!g.last.n)
		plan_groups(&g);
	ret->n_early = ret->ops.n;
	if (!g.last.n)
		return 0;
	/* Nothing may share before all trees stand. */
	plan_last(&g);
	plan_groups(&g);
	return 0;
}
