/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every mount is cloned from. A superblock is made by us, or shown by something from outside: an external mount,
 * or the root of a namespace, which the caller prepares (--root) or which is the host's. One that shows more of it
 * serves the mounts that show less.
 */
#include <string.h>
#include "base/parse.h"
#include "mount/external.h"
#include "mount/plan.h"

/* Whoever names a device gives all of its file system. */
static bool is_device(const struct mnt *mnt)
{
	return mnt_is_external(mnt->e) && streq(mnt_external_key(mnt->e), KEY_DEVICE);
}

static struct mnt_base *base_add(struct mounts *m, struct mnt *owner, bool is_outside)
{
	struct mnt_base *b = arena_new(m->arena, struct mnt_base);

	b->index = m->bases.n;
	b->sb = owner->sb;
	b->owner = owner;
	b->is_outside = is_outside;
	b->root = is_outside && !is_device(owner) ? owner->e->root : "/";
	vec_push(m->arena, &m->bases, b);
	return b;
}

static bool has_trait(const struct mnt_sb *sb, unsigned int trait)
{
	return sb->kind && sb->kind->traits & trait;
}

/* The roots of namespaces are the caller's, but for those that we can fill. */
static bool is_outside_root(const struct mnt *mnt, bool is_root_given)
{
	if (mnt->parent)
		return false;
	return !has_trait(mnt->sb, KIND_CONTENTS) || (is_root_given && !mnt->ns->index);
}

static bool shows(const struct mnt_base *b, const struct mnt *mnt)
{
	return b && path_is_below(mnt->e->root, b->root);
}

/* Made ones first, then those that show more. */
static void note_wider(struct mnt_sb *sb, struct mnt_base *b)
{
	if (!sb->base || (sb->base->is_outside && strlen(b->root) < strlen(sb->base->root)))
		sb->base = b;
}

static void plan_outside(struct mounts *m, struct mnt_sb *sb, bool is_root_given)
{
	for (size_t i = 0; i < sb->mnts.n; i++) {
		struct mnt *mnt = sb->mnts.v[i];

		if (!is_outside_root(mnt, is_root_given) || shows(sb->base, mnt))
			continue;
		mnt->base = base_add(m, mnt, true);
		note_wider(sb, mnt->base);
	}
	for (size_t i = 0; i < sb->mnts.n; i++) {
		struct mnt *mnt = sb->mnts.v[i];

		if (mnt_is_external(mnt->e) && !(is_device(mnt) && shows(sb->base, mnt))) {
			mnt->base = base_add(m, mnt, true);
			note_wider(sb, mnt->base);
		}
	}
}

static void plan_sb(struct mounts *m, struct mnt_sb *sb, bool is_root_given, mount_problems *problems)
{
	struct mnt_base *made = NULL;

	plan_outside(m, sb, is_root_given);
	for (size_t i = 0; i < sb->mnts.n; i++) {
		struct mnt *mnt = sb->mnts.v[i];

		if (mnt->base)
			continue;
		if (shows(sb->base, mnt)) {
			mnt->base = sb->base;
		} else if (has_trait(sb, KIND_MAKE | KIND_DEVICE)) {
			made = base_add(m, mnt, false);
			mnt->base = sb->base = made;
			sb->is_made = true;
		} else {
			vec_push(m->arena, problems, ((struct mount_problem){ MOUNT_NO_SOURCE, mnt }));
		}
	}
}

void bases_plan(struct mounts *m, bool is_root_given, mount_problems *problems)
{
	for (size_t i = 0; i < m->sbs.n; i++)
		plan_sb(m, m->sbs.v[i], is_root_given, problems);
}
