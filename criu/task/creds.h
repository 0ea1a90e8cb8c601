/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/creds.h: ids that can only be taken before the user namespace is entered */
#include <stdbool.h>
#include "base/compiler.h"

struct restore;
struct task;

/*
 * In a task that is about to enter its user namespace: the supplementary groups of its leader, which that namespace may
 * forbid to set. Where an id of the leader has no name in there, all of its ids, too, and *ret_keeps_ids is true; the
 * task still has all capabilities.
 */
int creds_take_outside(struct restore *r, const struct task *t, bool *ret_keeps_ids) must_check;
