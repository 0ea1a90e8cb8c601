/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/kind.h: what a kind of file system lets us do */
#include <stdbool.h>
#include <stdint.h>
#include "mnt.pb-c.h"

enum mount_traits {
	KIND_MAKE = 1,			/* made anew, from its options */
	KIND_CONTENTS = 2,		/* and filled from the image */
	KIND_EMPTY = 4,			/* can be made, but not filled: refused unless empty */
	KIND_SINGLE = 8,		/* the machine has one, so a new mount shows the old one */
	KIND_LATE = 16,			/* made of directories in its own tree, which must exist before */
	KIND_DEVICE = 32,		/* on a block device */
	KIND_REFUSED = 64,
	KIND_PIDS = 128,		/* shows the processes of one pid namespace */
	KIND_NET = 256,			/* the devices of one network namespace */
	KIND_IPC = 512,			/* the queues of one ipc namespace */
};

struct mount_kind {
	const char *name;		/* as in mountinfo, without what follows a dot */
	uint32_t type;			/* enum fstype */
	unsigned int traits;
};

/* Of a file system that no row has, but the user wants made from its options. */
extern const struct mount_kind mount_kind_generic;
/* NULL: no row has it. */
const struct mount_kind *mount_kind_by_name(const char *fstype);
const struct mount_kind *mount_kind_of(const MntEntry *e);
/* The name that fsopen(2) wants. */
const char *mount_fs_name(const MntEntry *e);
