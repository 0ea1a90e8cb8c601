/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/tree.h: the mounts of all namespaces, with what relates them */
#include <stdbool.h>
#include "base/map.h"
#include "base/vec.h"
#include "mount/kind.h"

struct mnt_base;
struct mnt_group;
struct mnt_ns;

/*
 * One mount. Roots and mountpoints are compared as paths; "point" is where it lies in its parent, without a slash at
 * the beginning, and empty if it covers the parent's root.
 */
struct mnt {
	MntEntry *e;
	size_t index;			/* in mounts.all */
	struct mnt_ns *ns;
	struct mnt *parent;		/* NULL: the root of the namespace */
	struct mnt *child, *next;	/* those inside another's mountpoint before it: descending mountpoints */
	struct mnt_sb *sb;
	struct mnt_base *base;		/* what it is cloned from */
	struct mnt_group *group;	/* NULL: private */
	const char *point;
	bool is_idmapped;		/* dump: it shows other owners than files have */
	bool is_of_cgroup_ns;		/* dump: of cgroups, its root is as the cgroup namespace of the tree sees it */
};

struct mnt_ns {
	uint32_t id;			/* mountpoints-ID.img */
	size_t index;			/* in mounts.ns */
	struct mnt *root;
	VEC(struct mnt *) mnts;		/* as in mountinfo: parents before children */
};

/* One superblock. */
struct mnt_sb {
	uint32_t dev;
	const struct mount_kind *kind;	/* NULL: none that we know */
	struct mnt_base *base;		/* the one that shows most of it */
	bool is_made;			/* by us, so all of it can be reached */
	uint32_t shown_ns;		/* of proc, sysfs, mqueue: of what namespace, if not the root task's; else 0 */
	VEC(struct mnt *) mnts;
};

/* A place that mounts are cloned from: a file system we make, or a piece of one that comes from outside. */
struct mnt_base {
	size_t index;			/* in mounts.bases */
	struct mnt_sb *sb;
	struct mnt *owner;		/* an outside one is that mount's; of a made one: whose options count */
	bool is_outside;
	const char *root;		/* which directory (or file) of the file system it shows */
};

/* Mounts that share, or that are slaves of one master and do not share. */
struct mnt_group {
	size_t index;			/* in mounts.groups */
	uint32_t shared, master;	/* of the records */
	struct mnt_group *up;		/* the group that is master, if it is one of ours */
	struct mnt_base *base;		/* shows what it and its slaves show; the same as that of its master */
	bool is_outside_peer;		/* shares with the outside that its base comes from */
	bool is_outside_slave;		/* its master is that outside */
	int depth;			/* number of masters above it */
	VEC(struct mnt *) mnts;
};

struct mounts {
	struct arena *arena;
	VEC(struct mnt_ns *) ns;
	VEC(struct mnt *) all;
	VEC(struct mnt_sb *) sbs;
	VEC(struct mnt_base *) bases;
	VEC(struct mnt_group *) groups;
	struct map by_id, by_dev, by_shared, by_master;
	/* NULL, or whether a file system without a row of kinds.def is made from its options. */
	bool (*is_enabled)(const void *arg, const char *fsname);
	const void *enabled_arg;
};

struct mnt_ns *mounts_ns_add(struct mounts *m, uint32_t id);
/* In the order of the image: children before parents. */
void mounts_add(struct mounts *m, struct mnt_ns *ns, MntEntry *e);
/* After all were added: relations. Reports what cannot be a mount tree; names the mount. */
int mounts_link(struct mounts *m) must_check;
struct mnt *mounts_by_id(const struct mounts *m, uint32_t id);

/* Whether path is dir or lies below it. */
bool path_is_below(const char *path, const char *dir);
/* The rest of path behind dir, without a slash at the beginning; dir must be above it. */
const char *path_below(const char *path, const char *dir);
/* An external mount: what it shows comes from the outside, by key. */
bool mnt_is_external(const MntEntry *e);
const char *mnt_external_key(const MntEntry *e);
