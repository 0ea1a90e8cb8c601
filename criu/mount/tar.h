/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/tar.h: what is in a tmpfs, as a compressed tar archive */
#include <stdint.h>
#include "base/compiler.h"

/* Ids of the machine to those of the user namespace that owns the tree; NULL: as they are. */
struct tar_ids {
	void *arg;
	int64_t (*uid)(void *arg, int64_t id);
	int64_t (*gid)(void *arg, int64_t id);
};

/* Everything below dir, which nothing may be mounted on, into out. */
int tar_save(int dir, int out, const struct tar_ids *ids) must_check;
/* name is for messages. */
int tar_load(int in, int dir, const char *name) must_check;
/* Finds the library now, while there is a path to it. */
int tar_prepare(void) must_check;
