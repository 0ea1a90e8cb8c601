/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a list of records to trees of mounts and their superblocks. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/parse.h"
#include "mount/tree.h"

bool path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (streq(dir, "/"))
		return *path == '/';
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

const char *path_below(const char *path, const char *dir)
{
	path += streq(dir, "/") ? 0 : strlen(dir);
	return path + strspn(path, "/");
}

bool mnt_is_external(const MntEntry *e)
{
	return e->ext_key || (e->has_ext_mount && e->ext_mount);
}

const char *mnt_external_key(const MntEntry *e)
{
	return e->ext_key ?: e->root;
}

struct mnt_ns *mounts_ns_add(struct mounts *m, uint32_t id)
{
	struct mnt_ns *ns = arena_new(m->arena, struct mnt_ns);

	ns->id = id;
	ns->index = m->ns.n;
	vec_push(m->arena, &m->ns, ns);
	return ns;
}

void mounts_add(struct mounts *m, struct mnt_ns *ns, MntEntry *e)
{
	struct mnt *mnt = arena_new(m->arena, struct mnt);

	mnt->e = e;
	mnt->ns = ns;
	vec_push(m->arena, &ns->mnts, mnt);
}

struct mnt *mounts_by_id(const struct mounts *m, uint32_t id)
{
	const uint64_t *at = map_find(&m->by_id, id);

	return at ? m->all.v[*at] : NULL;
}

static struct mnt_sb *sb_of(struct mounts *m, const MntEntry *e)
{
	uint64_t *at = map_at(m->arena, &m->by_dev, e->root_dev);
	struct mnt_sb *sb;

	if (*at)
		return m->sbs.v[*at - 1];
	sb = arena_new(m->arena, struct mnt_sb);
	sb->dev = e->root_dev;
	sb->kind = mount_kind_of(e);
	sb->shown_ns = e->shown_ns_id;
	if (!sb->kind && m->is_enabled && e->fsname && m->is_enabled(m->enabled_arg, e->fsname))
		sb->kind = &mount_kind_generic;
	vec_push(m->arena, &m->sbs, sb);
	*at = m->sbs.n;
	return sb;
}

/* Index numbers are given in the order of mountinfo, which is that of their making. */
static int number(struct mounts *m, struct mnt_ns *ns)
{
	for (size_t i = 0; i < ns->mnts.n / 2; i++) {
		struct mnt *last = ns->mnts.v[ns->mnts.n - 1 - i];

		ns->mnts.v[ns->mnts.n - 1 - i] = ns->mnts.v[i];
		ns->mnts.v[i] = last;
	}
	for (size_t i = 0; i < ns->mnts.n; i++) {
		struct mnt *mnt = ns->mnts.v[i];
		IN_SCOPE("mount", mnt->e->mnt_id);

		if (mnt->e->mountpoint[0] != '/' || !mnt->e->root[0])
			return fail(EINVAL, "\"%s\" on \"%s\" is no mount", mnt->e->root, mnt->e->mountpoint);
		if (map_find(&m->by_id, mnt->e->mnt_id))
			return fail(EINVAL, "%s: its id is that of another mount", mnt->e->mountpoint);
		mnt->index = m->all.n;
		*map_at(m->arena, &m->by_id, mnt->e->mnt_id) = mnt->index;
		vec_push(m->arena, &m->all, mnt);
		mnt->sb = sb_of(m, mnt->e);
		vec_push(m->arena, &mnt->sb->mnts, mnt);
	}
	return 0;
}

static int find_parent(struct mounts *m, struct mnt *mnt)
{
	struct mnt *up = mounts_by_id(m, mnt->e->parent_mnt_id);

	if (!up || up->ns != mnt->ns || up == mnt) {
		if (mnt->ns->root)
			return fail(EINVAL, "%s: its parent, mount %u, is not there", mnt->e->mountpoint,
				    mnt->e->parent_mnt_id);
		mnt->ns->root = mnt;
		return 0;
	}
	if (!path_is_below(mnt->e->mountpoint, up->e->mountpoint))
		return fail(EINVAL, "%s is not below its parent, %s", mnt->e->mountpoint, up->e->mountpoint);
	mnt->parent = up;
	mnt->point = path_below(mnt->e->mountpoint, up->e->mountpoint);
	return 0;
}

static int compare_points(const void *a, const void *b)
{
	const struct mnt *const *x = a, *const *y = b;
	int order = strcmp((*y)->point, (*x)->point);

	return order ?: ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/* Children of each parent, descending: what lies inside another's mountpoint must be mounted before that covers it. */
static int sort_children(struct mounts *m, struct mnt_ns *ns)
{
	VEC(struct mnt *) list = { 0 };

	for (size_t i = 0; i < ns->mnts.n; i++)
		if (ns->mnts.v[i]->parent)
			vec_push(m->arena, &list, ns->mnts.v[i]);
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), compare_points);
	while (list.n--) {
		struct mnt *mnt = list.v[list.n], *up = mnt->parent;
		IN_SCOPE("mount", mnt->e->mnt_id);

		if (up->child && streq(up->child->point, mnt->point))
			return fail(EINVAL, "%s: two mounts are at one place of one parent", mnt->e->mountpoint);
		mnt->next = up->child;
		up->child = mnt;
	}
	return 0;
}

/* Every mount must hang from the root: parents by number could go in a circle. */
static int count_reachable(const struct mnt_ns *ns)
{
	size_t n = 0;
	const struct mnt *at = ns->root;

	while (at) {
		n++;
		if (at->child) {
			at = at->child;
			continue;
		}
		while (at && !at->next)
			at = at->parent;
		at = at ? at->next : NULL;
	}
	return n == ns->mnts.n ? 0 : fail(EINVAL, "only %zu of %zu mounts hang from the root", n, ns->mnts.n);
}

int mounts_link(struct mounts *m)
{
	for (size_t i = 0; i < m->ns.n; i++) {
		struct mnt_ns *ns = m->ns.v[i];
		IN_SCOPE("mount namespace", ns->id);
		int err = number(m, ns);

		for (size_t k = 0; k < ns->mnts.n && !err; k++) {
			IN_SCOPE("mount", ns->mnts.v[k]->e->mnt_id);
			err = find_parent(m, ns->mnts.v[k]);
		}
		if (!err && !ns->root)
			err = fail(EINVAL, "it has no root");
		if (!err)
			err = sort_children(m, ns);
		if (!err)
			err = count_reachable(ns);
		if (err)
			return err;
	}
	return 0;
}
