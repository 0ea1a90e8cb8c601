/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/write.h: one property of one directory */
#include "cgroup/props.h"
#include "cgroup/state.h"

/* Writes what belongs to this moment, in the order of the record. Reports failures. */
int cg_write_props(int dir, const struct cg_made *made, enum prop_when when) must_check;
/* Owner and mode of the directory and its files. */
int cg_set_perms(int dir, const struct cg_made *made) must_check;
