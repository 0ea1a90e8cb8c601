/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/build.h: takes the steps of a plan, in a process of its own */
#include "mount/plan.h"
#include "mount/pts.h"

struct mount_built {
	int ns, root;			/* the namespace, and its root directory; owned by the caller */
};

struct mount_build {
	struct mounts *m;
	const struct mount_plan *plan;
	const int *outside;		/* by base: detached mounts of what comes from outside, by the caller; else -1 */
	const int *contents;		/* by base: an archive, else -1; NULL: file systems stay empty */
	struct pts_made *ptys;		/* room for pts_count(); descriptors that stay open */
	size_t *n_ptys;
	const int *owners;		/* by namespace: the user namespace that owns it, -1: the caller's; NULL: all are */
	int proc;			/* /proc of the caller's pid namespace */
	/*
	 * For plans with steps that need namespaces of tasks that are yet to be forked, else NULL. split() makes another
	 * process and returns 0 in one of the two, in which mounts_build() returns with what can be made early; 1 in the
	 * other, when all tasks are there: it takes the other steps, and ends. make_shown() makes a base in the namespace
	 * that it shows.
	 */
	int (*split)(void *arg);
	int (*make_shown)(void *arg, const struct mnt_base *base, int *ret_fd);
	/* A mount of what has no name in its base; it gets one, which goes when all mounts are in place, or none will. */
	int (*clone_deleted)(void *arg, const struct mnt *mnt, int base, int *ret_fd);
	void (*take_names)(void *arg);
	void *arg;
};

/*
 * The caller ends in another mount namespace, with nothing of its old root in reach: it is a process that exists for
 * this. ret[i] belongs to m->ns.v[i]. What was made goes with the process, if it fails or is killed.
 */
int mounts_build(const struct mount_build *b, struct mount_built *ret) must_check;
