/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/state.h: what a restore knows of cgroups beyond the records */
#include <stdbool.h>
#include "base/map.h"
#include "cgroup/cgroups.h"
#include "cgroup/given.h"
#include "cgroup/hierarchy.h"
#include "cgroup/lines.h"
#include "cgroup/new_root.h"
#include "image/records.h"

struct restore;
struct task;
struct thread;

/* A cgroup of a set, opened for those who enter it. */
struct cg_place {
	const struct cg_hierarchy *h;
	const char *path;
	int procs;			/* the file to enter by, for writing; -1: not opened yet */
	int dir;			/* of version 2: for CLONE_INTO_CGROUP */
};

/* One directory of the image, where it is on this machine. */
struct cg_made {
	const struct cg_hierarchy *h;
	const char *path;
	const CgroupDirEntry *entry;
	struct cg_files *files;		/* of the hierarchy */
	struct cg_level *level;		/* of the parent; NULL: not made by this restore */
	int dir;			/* O_PATH; -1: not opened yet */
};

struct cg_set {
	const CgSetEntry *entry;
	struct cg_place **places;	/* one for each member */
	struct cg_place **roots;	/* the same for the roots of its cgroup namespace; NULL: where the place is */
};

struct cgroups_restore {
	enum cgroup_mode mode;
	struct new_roots new_roots;
	struct cg_hierarchies hierarchies;
	VEC(struct cg_set) sets;
	VEC(struct cg_place *) places;
	VEC(struct cg_made) dirs;	/* parents before children */
	VEC(const char *) to_remove;	/* made on the way, topmost first */
	VEC(int) entries;		/* in the journal */
	struct cg_lines now;		/* where this process is: its own, in the tool as in every task */
};

/* The set a thread belongs to; NULL: it stays where the tool is. */
const struct cg_set *cgroups_set_of(const struct cgroups_restore *c, const struct restore *r, const struct thread *th);
/* The set that a task is put into, its own or that of the tool; NULL: nothing is done. */
const struct cg_set *cgroups_set_of_task(const struct restore *r, const struct task *t);
int cgroups_open_place(struct restore *r, const struct cg_hierarchy *h, const char *path, struct cg_place **ret) must_check;
/* After cgroups_open_places(): the roots of cgroup namespaces. */
int cgroups_open_roots(struct restore *r) must_check;
/* In a task: it goes there itself. */
int cgroups_enter_place(struct restore *r, const struct cg_place *p) must_check;
/* Every cgroup of a set is opened by the tool: a task in a user namespace of its own could not. */
int cgroups_open_places(struct restore *r);
