/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/later.h: mounts that show namespaces of tasks yet to be forked */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

struct mnt_base;
struct restore;

/* In memory that the root task and the builder have in common. */
struct mounts_later {
	uint32_t has_left;		/* futex: the builder has a descriptor table of its own */
	uint32_t may_go;		/* futex: all tasks are there */
	pid_t pid;			/* of the builder, as the root task sees it, if it has not ended; else 0 */
	int made;			/* number of a descriptor, from the process that makes a file system */
	int for_root, for_builder;	/* sockets: namespaces that are shown, in the order of steps; -1: no such steps */
};

/* In the root task, before the builder is forked. */
int later_begin(struct restore *r, struct mounts_later *l) must_check;
/* In the root task: until the builder has ended, or what is early is made. Its status of waitpid(2). */
int later_await(struct mounts_later *l, pid_t builder, int *ret_status) must_check;

/* For struct mount_build; arg: the restore. */
int later_split(void *arg) must_check;
int later_make_shown(void *arg, const struct mnt_base *base, int *ret_fd) must_check;
