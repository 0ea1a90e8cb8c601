/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from outside: mounts that the user names, and whatever the tool has mounted itself. To make a file system
 * anew that the rest of the machine goes on using would part the tree from it without a word.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "mount/external.h"
#include "mount/look.h"
#include "mount/make.h"
#include "options.h"

const char *external_mount(const struct options *opt, const char *key)
{
	return option_value(&opt->external, "mnt", key) ?: option_value(&opt->ext_mount_map, "", key);
}

const char *external_device(const struct options *opt, const char *key)
{
	return option_value(&opt->external, "dev", key);
}

int outside_read(struct arena *a, int proc, struct mountinfo_list *ret)
{
	return mountinfo_read(a, proc, "thread-self/mountinfo", ret);
}

bool outside_has_device(const struct mountinfo_list *l, uint32_t dev)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].dev == dev)
			return true;
	return false;
}

/* The path of a mount leads to it only where nothing covers it. */
static bool is_in_sight(const char *path, uint32_t mnt_id)
{
	auto_fd int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	uint64_t id;

	return fd >= 0 && mount_id_of(fd, &id) == 0 && id == mnt_id;
}

const char *outside_path(struct arena *a, const struct mountinfo_list *l, uint32_t dev, const char *root)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct mountinfo *m = &l->v[i];
		const char *below, *path;

		if (m->dev != dev || m->is_deleted || !path_is_below(root, m->root))
			continue;
		below = path_below(root, m->root);
		path = arena_printf(a, "%s%s%s", streq(m->point, "/") ? "" : m->point, *below ? "/" : "", below);
		path = *path ? path : "/";
		if (is_in_sight(path, m->id))
			return path;
	}
	return NULL;
}

static bool shares_outside(const struct mountinfo_list *l, uint32_t shared)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].shared == shared)
			return true;
	return false;
}

/* --external mnt[MOUNTPOINT]:KEY, dev[MAJOR/MINOR]:NAME */
static bool mark_named(struct arena *a, const struct options *opt, MntEntry *e)
{
	const char *key = external_mount(opt, e->mountpoint), *name;
	char dev[32];

	if (key) {
		e->ext_key = arena_strdup(a, *key ? key : e->mountpoint);
		return true;
	}
	snprintf(dev, sizeof(dev), "%u/%u", e->root_dev >> 20, e->root_dev & 0xfffff);
	name = external_device(opt, dev);
	if (!name)
		return false;
	e->ext_key = arena_strdup(a, KEY_DEVICE);
	e->fsname = (char *)mount_fs_name(e);
	e->fstype = FSTYPE__AUTO;
	e->source = arena_printf(a, "dev[%s]", *name ? name : e->source);
	return true;
}

/*
 * What the machine has only once can be mounted from anywhere, but not by a user namespace. Cgroups look different
 * from within their namespace, where they are made again.
 */
static bool is_made_all_the_same(const struct mnt *mnt, const struct tree_ns *in)
{
	const struct mount_kind *k = mount_kind_of(mnt->e);

	if (!k)
		return false;
	if (k->type == FSTYPE__CGROUP || k->type == FSTYPE__CGROUP2)
		return in->has_cgroup ? mnt->is_of_cgroup_ns : !in->has_user;
	return k->traits & KIND_SINGLE && !in->has_user;
}

/* Contents of the machine, not of the tree, and nobody can look at them; or what an earlier restore has put there. */
static bool is_hidden_outside(const struct mountinfo_list *outside, const MntEntry *e)
{
	const struct mount_kind *k = mount_kind_of(e);

	return k && k->traits & KIND_CONTENTS &&
	       (outside_has_device(outside, e->root_dev) || streq(e->source, SOURCE_COVERED));
}

/* Whatever the tool has mounted, too. */
static bool mark_found(struct arena *a, const struct mountinfo_list *outside, const struct tree_ns *in, struct mnt *mnt)
{
	MntEntry *e = mnt->e;
	const char *path;

	if (e->deleted || is_made_all_the_same(mnt, in))
		return false;
	path = outside_path(a, outside, e->root_dev, e->root);
	if (!path && !is_hidden_outside(outside, e))
		return false;
	if (!path)
		warn("%s is the machine's, and covered there: an empty one will be in its place, covered too",
		     e->mountpoint);
	e->ext_key = arena_strdup(a, KEY_FOUND);
	e->source = (char *)(path ?: "");
	return true;
}

/* The root of the first namespace, and the rest of its file system, is what the user puts there for the restore. */
static bool is_of_root(const struct mnt *mnt)
{
	const struct mnt *root = mnt->ns->index ? NULL : mnt->ns->mnts.v[mnt->ns->mnts.n - 1];

	return root && (mnt == root || (mnt->e->root_dev == root->e->root_dev &&
					path_is_below(mnt->e->root, root->e->root)));
}

void external_mark(struct arena *a, const struct options *opt, const struct mountinfo_list *outside,
		   const struct tree_ns *in, struct mnt_ns *ns)
{
	for (size_t i = 0; i < ns->mnts.n; i++) {
		MntEntry *e = ns->mnts.v[i]->e;

		if (mark_named(a, opt, e) || (!is_of_root(ns->mnts.v[i]) && mark_found(a, outside, in, ns->mnts.v[i])))
			e->has_internal_sharing = e->internal_sharing =
				e->shared_id && !shares_outside(outside, e->shared_id);
	}
}
