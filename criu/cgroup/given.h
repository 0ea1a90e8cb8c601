/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/given.h: what the kernel gives a new directory, asked once for many */
#include <stdbool.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/vec.h"
#include "cgroup/props.h"

/* A file of a hierarchy, "." its directories. */
struct cg_file {
	const char *name;
	const struct prop *row;
	bool is_seen;			/* owner and mode are known: they are the same in every new directory */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* The files of one hierarchy. They come in the same order again and again: the next one is looked for behind the last. */
struct cg_files {
	struct arena *arena;
	bool is_v2;
	VEC(struct cg_file *) v;
	size_t next;
};

/* What directories made in one parent hold in files that they inherit. */
struct cg_value {
	const struct cg_file *file;
	const char *text;
};

struct cg_level {
	VEC(struct cg_value) v;
};

struct cg_file *cg_file_get(struct cg_files *f, const char *name);
const char *cg_level_value(const struct cg_level *l, const struct cg_file *file);
