/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/deleted.h: mounts of files and directories that have lost their names */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/compiler.h"

struct dump;
struct mnt;
struct mnt_ns;
struct restore;

/* A name that something deleted has for a while. */
struct lent_name {
	uint32_t ghost;
	int fd;				/* the file itself, in its base */
	int dir;
	const char *name;
	bool is_dir;
	int entry;			/* in the journal, or -1 */
	struct stat st;			/* of the directory, as it was */
};

/* In a visit: what is mounted becomes a ghost file. Refuses what cannot be carried. */
int deleted_scan(struct dump *d, struct mnt_ns *ns) must_check;
/* In the tool: loads those ghosts. */
int deleted_load(struct restore *r) must_check;
/* For struct mount_build; arg: the restore. */
int deleted_clone(void *arg, const struct mnt *mnt, int base, int *ret_fd) must_check;
/* When all mounts are in place, or none will be. */
void deleted_take_names(void *arg);
