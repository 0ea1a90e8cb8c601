/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/props.h: which files of a cgroup are saved, and how each is written */
#include <stdbool.h>
#include "base/arena.h"
#include "base/vec.h"

enum prop_version { PROP_V1 = 1, PROP_V2 = 2, PROP_ANY = 3 };
enum prop_when { PROP_PERMS, PROP_EARLY, PROP_ENABLE, PROP_LATE, PROP_LAST };
enum prop_style { PROP_TEXT, PROP_LINES, PROP_DEVICES, PROP_PRIOS, PROP_OOM, PROP_ENABLED, PROP_TYPE, PROP_FREEZER };

struct prop {
	const char *controller;		/* "": every cgroup has it */
	enum prop_version version;
	const char *name;		/* one * stands for a size of huge pages */
	enum prop_when when;
	enum prop_style style;
	const char *def;		/* what a new directory holds, or NULL */
	bool is_inherited;		/* or rather its parent's value */
};

/* The table, with what --cgroup-props added and replaced. */
struct props {
	VEC(struct prop) v;
};

/* Text of --cgroup-props and of the file of --cgroup-props-file, or NULL. Reports what is wrong with them. */
int props_build(struct arena *a, const char *text, const char *file, struct props *ret) must_check;
/* How a file of this name is written: its row of the built-in table, or that of any other file. */
const struct prop *prop_by_name(const char *name, bool is_v2);
/* "hugetlb.*.max" and the like. */
bool prop_name_matches(const char *pattern, const char *name);

/* --- for props_build ------------------------------------------------------------------------------------------- */
struct prop_spec {
	const char *controller;
	bool is_replace;
	VEC(const char *) names;
};

struct prop_specs {
	VEC(struct prop_spec) v;
};

/* The text is cut up. `where` is for messages. */
int prop_specs_parse(struct arena *a, const char *where, char *text, struct prop_specs *ret) must_check;
