/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/later.h: mounts that show namespaces of tasks yet to be forked */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

struct mnt_base;
struct restore;

/* In memory that the root task, the builder, and the copy of it that stays have in common. */
struct mounts_later {
	uint32_t may_go;		/* futex: all tasks are there */
	pid_t pid;			/* of the copy, as the root task sees it; 0: there is none */
	int made;			/* number of a descriptor, from the process that makes a file system */
};

/* For struct mount_build; arg: the restore. */
int later_split(void *arg) must_check;
int later_make_shown(void *arg, const struct mnt_base *base, int *ret_fd) must_check;
