/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hundred new directories of a hierarchy differ in nothing but what is written to them. Looking at a file of a cgroup
 * makes an inode for it, which costs as much as making a directory: each is looked at once in a hierarchy, or in a parent.
 */
#include "base/parse.h"
#include "cgroup/given.h"

struct cg_file *cg_file_get(struct cg_files *f, const char *name)
{
	struct cg_file *new;

	for (size_t i = 0; i < f->v.n; i++) {
		struct cg_file *file = f->v.v[f->next++ % f->v.n];

		if (streq(file->name, name))
			return file;
	}
	new = arena_new(f->arena, struct cg_file);
	new->name = name;
	new->row = prop_by_name(name, f->is_v2);
	vec_push(f->arena, &f->v, new);
	f->next = 0;
	return new;
}

const char *cg_level_value(const struct cg_level *l, const struct cg_file *file)
{
	for (size_t i = 0; i < l->v.n; i++)
		if (l->v.v[i].file == file)
			return l->v.v[i].text;
	return NULL;
}
