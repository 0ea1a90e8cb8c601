/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/tree.h: directories of a hierarchy into records */
#include <stdbool.h>
#include <sys/types.h>
#include "cgroup/hierarchy.h"
#include "cgroup/props.h"
#include "image/records.h"

struct cg_id {
	dev_t dev;
	ino_t ino;
};

struct cg_tree {
	struct arena *arena;
	const struct cg_hierarchy *h;
	const struct props *props;
	VEC(const char *) wanted;	/* cgroups in which tasks of the tree are */
	VEC(struct cg_id) frozen;	/* cgroups that held their tasks before the dump let them go for a while */
};

/*
 * The directory `path` and what is below it: all of it, or (where the directory is not the tree's alone) only the way to
 * the cgroups wanted.
 */
int cg_tree_scan(struct cg_tree *t, const char *path, bool is_whole, CgroupDirEntry **ret) must_check;
