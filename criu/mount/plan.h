/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/plan.h: from mounts to the steps that make them; a pure computation */
#include <sys/types.h>
#include "mount/tree.h"

/*
 * Every mount is cloned, detached and private, from a base, and hung into a tree in which nothing propagates. Groups
 * are set when all trees stand, from helpers that are never attached. So no step can copy a mount to where none was.
 */
enum mount_op_type {
	MOUNT_OP_BASE,			/* base: make the file system, or take what comes from outside */
	MOUNT_OP_CLONE,			/* mnt: detached, from its base, with its flags */
	MOUNT_OP_ENTER,			/* mnt: a namespace of its own, with this mount as the root */
	MOUNT_OP_POINT,			/* mnt: keep its mountpoint, since something will cover the way there */
	MOUNT_OP_ATTACH,		/* mnt: onto its parent */
	MOUNT_OP_GROUP,			/* group: a helper that shares, or is a slave */
	MOUNT_OP_JOIN,			/* mnt: into its group */
};

struct mount_op {
	enum mount_op_type type;
	union {
		struct mnt *mnt;
		struct mnt_base *base;
		struct mnt_group *group;
	};
};

struct mount_plan {
	VEC(struct mount_op) ops;
	size_t n_early;			/* those before need no namespaces of tasks that are yet to be forked */
};

/* What stands in the way of a mount. */
enum mount_obstacle {
	MOUNT_OK,
	MOUNT_NO_SOURCE,		/* nothing that we make or are given shows it */
	MOUNT_NO_GROUP,			/* no place shows all that its group shows */
	MOUNT_NO_MASTER,		/* its master is outside, and so is nothing of this file system */
	MOUNT_TOO_LATE,			/* it is the root of a namespace, but shows one that comes with the tasks in it */
};
struct mount_problem {
	enum mount_obstacle what;
	struct mnt *mnt;
};
typedef VEC(struct mount_problem) mount_problems;

/*
 * is_root_given: the root of the first namespace comes from outside (--root), whatever it is. Adds one problem for each
 * mount that cannot be made; -EINVAL, reported, for records that contradict each other.
 */
int mounts_plan(struct mounts *m, bool is_root_given, mount_problems *problems, struct mount_plan *ret) must_check;
/* The two halves of it. */
void bases_plan(struct mounts *m, bool is_root_given, mount_problems *problems);
int groups_plan(struct mounts *m, mount_problems *problems) must_check;
/* Of proc: the process that it shows a directory of, or that it is mounted on one of; both wait for the tasks. 0: none. */
pid_t mnt_of_process(const struct mnt *mnt);
pid_t mnt_on_process(const struct mnt *mnt);
/* Roots of namespaces that would have to wait for tasks; for a dump, which knows what they show after it has planned. */
void late_roots_find(struct mounts *m, mount_problems *problems);
