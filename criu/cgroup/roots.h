/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/roots.h: what a cgroup namespace hides of the paths in it */
#include <stddef.h>
#include "cgroup/lines.h"

/* A namespace, as one of its tasks is seen from within. */
struct cg_roots {
	struct cg_lines inside;
};

/* How many bytes of path, where the task is, are hidden in the hierarchy of this name; -1: it is not shown. */
long cgroup_root_len(const struct cg_roots *r, const char *name, const char *path);
