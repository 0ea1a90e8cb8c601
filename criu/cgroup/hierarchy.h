/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/hierarchy.h: the directories through which a hierarchy is seen */
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/vec.h"

/* A mount of type cgroup or cgroup2. */
struct cg_mount {
	const char *root;		/* the cgroup that is mounted */
	const char *point;
	const char *options;		/* of the superblock: which controllers, which name */
	uint32_t major, minor;
	bool is_v2;
};

struct cg_mounts {
	VEC(struct cg_mount) v;
};

/* The cgroup mounts in the text of /proc/PID/mountinfo, which is cut up. -EINVAL if a line of them is none. */
int cgroup_mounts_parse(struct arena *a, char *text, struct cg_mounts *ret) must_check;
/*
 * The mount that shows `path` of the hierarchy `name` (as in /proc/PID/cgroup), preferably the whole hierarchy; NULL if
 * there is none.
 */
const struct cg_mount *cgroup_mount_find(const struct cg_mounts *m, const char *name, const char *path);

struct cg_hierarchy {
	const char *name;		/* as in /proc/PID/cgroup */
	const char *top;		/* the cgroup that dir is: "/" mostly */
	const char *point;		/* where it is mounted; NULL: nowhere, only dir leads there */
	int dir;			/* O_PATH */
};

struct cg_hierarchies {
	struct arena *arena;
	const char *yard;		/* --cgroup-yard, or NULL */
	bool is_read;			/* mounts are */
	struct cg_mounts mounts;
	VEC(struct cg_hierarchy *) v;	/* those in use */
};

/*
 * The hierarchy, opened when it is asked for the first time: below --cgroup-yard, at a mount that is there, or
 * mounted for this tool alone, attached to no directory, so that nothing stays. `path` must be visible.
 */
int hierarchy_get(struct cg_hierarchies *h, const char *name, const char *path, struct cg_hierarchy **ret) must_check;
/* The path of a cgroup relative to dir ("." for itself), or NULL if it is not below what dir shows. */
const char *hierarchy_relative(const struct cg_hierarchy *h, const char *path);
/* What its directory is called in a yard: "unified", "cpu,cpuacct", X of "name=X". */
const char *hierarchy_dir_name(const char *name);
void hierarchies_close(struct cg_hierarchies *h);
