/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/pts.h: terminals in a devpts that is being made */
#include "base/compiler.h"
#include "mount/tree.h"

/* The master of a terminal that is mounted somewhere ("/dev/console" is one of the devpts instance's files). */
struct pts_made {
	uint32_t dev, index;		/* device number of the devpts at the dump; N of its /N */
	int fd;
};

/* How many terminals of devpts instances are mounted in the tree. */
size_t pts_count(const struct mounts *m);
/* fs: a detached mount of the devpts behind sb. Adds the masters, which stay open, to v. */
int pts_make(const struct mnt_sb *sb, int fs, struct pts_made *v, size_t *n) must_check;
/* Takes first, a master of the same instance that was just opened, and others, until one has this number. */
int pty_open_index(int first, uint32_t index, int *ret_fd) must_check;
