/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/lines.h: the text of /proc/PID/cgroup */
#include "base/arena.h"
#include "base/compiler.h"
#include "base/vec.h"

/* Where a task is in one hierarchy. */
struct cg_line {
	const char *name;		/* controllers joined by commas, "name=X" of a named hierarchy, "" of version 2 */
	const char *path;		/* as the reader's cgroup namespace shows it, "/" is its root */
};

struct cg_lines {
	VEC(struct cg_line) v;		/* sorted by name, as the images have them */
};

/* Strings point into text, which is cut up. -EINVAL if it is none of the kernel's. */
int cgroup_lines_parse(struct arena *a, char *text, struct cg_lines *ret) must_check;
/* The path in the hierarchy of this name, or NULL. */
const char *cgroup_lines_path(const struct cg_lines *l, const char *name);
/* Is `word` one of the controllers in a name such as "cpu,cpuacct"? The word "" is version 2, whose name is "". */
int cgroup_name_has(const char *name, const char *word);
/* The same of words as users write them: also X of "name=X", and "unified" for version 2. */
int cgroup_is_called(const char *name, const char *word);
/* Is there any that is called so? */
int cgroup_lines_called(const struct cg_lines *l, const char *word);
/* No way out of the hierarchy, and no empty name. The path without its first slash. */
int cgroup_path_is_good(const char *path);
/* Is path at or below top? Both begin with a slash. */
int cgroup_path_is_below(const char *path, const char *top);
