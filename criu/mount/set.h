/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/set.h: the mounts of a tree in a dump or restore */
#include "kernel/mountinfo.h"
#include "mount/deleted.h"
#include "mount/plan.h"
#include "mount/pts.h"

struct dump;
struct model;
struct options;
struct restore;

/* model.mounts. Namespaces are those of type NS_MNT, by id. */
struct mount_set {
	struct mounts m;
	struct mount_plan plan;
	struct mountinfo_list own;	/* dump: the tool's */
	const char **paths;		/* restore: by base, where the tool finds what comes from outside, else NULL */
	int *outside;			/* restore: by base, detached mounts of it, else -1 */
	int *contents;			/* restore: by base, archives of what is in it, else -1 */
	struct pts_made *ptys;		/* restore: shared memory, filled by the builder */
	size_t n_ptys;
	struct mounts_later *later;	/* restore, in the root task: shared memory; NULL before the builder */
	VEC(struct lent_name) lent;	/* restore, in the builder */
	int shown;			/* restore, in the builder: where the namespaces come from that file systems show */
	int proc;			/* an O_PATH descriptor of the tool's /proc */
	int tool_root;			/* restore: of the tool's root directory; for tasks that stay in its mounts */
};

/* --- dump ------------------------------------------------------------------------------------------------------ */
/* Reads all namespaces, opens their roots, decides what comes from outside. Refuses what cannot be made again. */
int mount_set_scan(struct dump *d) must_check;
int mount_set_save(struct dump *d, uint32_t ns_id) must_check;
/* The file systems that the images carry. */
int mount_set_save_contents(struct dump *d) must_check;
/* Whether the tool has a mount of this number. */
bool mount_set_is_own(const struct mount_set *s, int mnt_id);
/* As mount_set_scan() does, for each of its namespaces: calls visit() in it. */
int mount_set_visit(struct dump *d, int (*visit)(struct dump *d, struct mnt_ns *ns)) must_check;

/* --- restore --------------------------------------------------------------------------------------------------- */
int mount_set_load(struct restore *r, uint32_t ns_id) must_check;
/* In the tool, before tasks are forked: the plan, and what comes from outside. */
int mount_set_prepare(struct restore *r) must_check;
/* In the root task: all namespaces. Descriptors of them and their roots go to the model's. */
int mount_set_build(struct restore *r) must_check;
/* In the root task, when all tasks are there: what shows namespaces of others. */
int mount_set_finish(struct restore *r) must_check;
/* What the tool calls a file of the tree, NULL: nothing, since we have made the file system. */
const char *mount_set_outside_path(struct restore *r, const struct mnt *mnt, const char *name);

/* --- both ------------------------------------------------------------------------------------------------------ */
struct mount_set *mount_set_of(struct model *m);
/* --enable-fs */
bool fs_is_enabled(const void *opt, const char *fsname);
