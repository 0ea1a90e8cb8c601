/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/write.h: one property of one directory */
#include "cgroup/props.h"
#include "cgroup/state.h"

/* All report failures, and open the directory if there is anything to do in it. */
int cg_open_made(struct cg_made *made) must_check;
void cg_close_made(struct cg_made *made);
/* Writes what belongs to this moment, in the order of the record. */
int cg_write_props(struct cg_made *made, enum prop_when when) must_check;
/* Owner and mode of the directory and its files. */
int cg_set_perms(struct cg_made *made) must_check;
