/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes which file. */
#include "file/plan.h"

struct planner {
	struct model *m;
	struct file_plan *plan;
	struct map groups;		/* (kind, group) to index + 1 of the file that was first */
};

static void plan_file(struct planner *p, const struct task *t, const FdinfoEntry *e)
{
	const struct file *f = model_file(p->m, e->id);
	struct file_plan *own = &p->plan[file_index(p->m, f)];
	uint64_t group = f->kind->group ? f->kind->group(f->rec) : 0, *first;

	if (own->owner)
		return;
	*own = (struct file_plan){ .owner = t, .fd = e->fd };
	if (!group)
		return;
	first = map_at(&p->m->arena, &p->groups, hash_add(hash_add(0, (uintptr_t)f->kind), group));
	if (!*first)
		*first = file_index(p->m, f) + 1;
	/* Had the maker of the first a descriptor of this one, it would be its maker already. */
	if (p->plan[*first - 1].owner != t)
		*own = (struct file_plan){ .owner = p->plan[*first - 1].owner, .fd = -1 };
}

struct file_plan *files_plan(struct model *m)
{
	struct planner p = { .m = m, .plan = arena_array(&m->arena, struct file_plan, m->files.n) };

	for (size_t i = 0; i < m->files.n; i++)
		p.plan[i].fd = -1;
	for (size_t i = 0; i < m->tasks.n; i++) {
		const struct task *t = m->tasks.v[i];

		if (!t->fds || t->fds->owner != t)
			continue;
		for (size_t n = 0; n < t->fds->fds.n; n++)
			plan_file(&p, t, t->fds->fds.v[n]);
	}
	return p.plan;
}
