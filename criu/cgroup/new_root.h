/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/new_root.h: --cgroup-root */
#include "base/arena.h"
#include "base/vec.h"
#include "cgroup/lines.h"

struct string_list;

struct new_root {
	const char *controller;		/* NULL: every hierarchy */
	const char *path;
	const char *said;		/* as it was given */
};

struct new_roots {
	VEC(struct new_root) v;
};

int new_roots_read(struct arena *a, const struct string_list *args, struct new_roots *ret) must_check;
/* NULL: what is in this hierarchy stays where it was. */
const char *new_root_for(const struct new_roots *roots, const char *name);
/* Warns of those that concern no hierarchy of this machine; `now` has all of them. */
void new_roots_tell(const struct new_roots *roots, const struct cg_lines *now);
