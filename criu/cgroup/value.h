/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/value.h: what a file of a cgroup holds */
#include "base/arena.h"
#include "base/compiler.h"
#include "cgroup/props.h"

/* The whole text without the last newline. A question. */
int cg_value_read(struct arena *a, int fd, char **ret) must_check;
/* What of it can be written again, in place. */
char *cg_value_cut(const struct prop *p, char *text);
