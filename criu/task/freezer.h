/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/freezer.h: the cgroup freezer, v1 and v2, around the stopping of a tree */
#include "base/compiler.h"

struct dump;

/*
 * With --freeze-cgroup: the group stands still while its tasks are listed and seized, so that none can be born
 * unseen. A frozen task cannot reach a ptrace stop (v1) or run injected code (v2), so the group is thawed again as soon
 * as all are interrupted. A group that the caller had frozen is frozen again before its tasks are let go.
 */
int freezer_freeze(struct dump *d) must_check;
void freezer_before_release(struct dump *d);
void freezer_thaw(struct dump *d);
/* For the journal: a file of the freezer, and what is to be written to it. */
void freezer_take_back(const char *path, const char *value);
