/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/relay.h: pidfds of relatives, also of those in pid namespaces above */
#include <sys/types.h>
#include "base/compiler.h"

struct restore;

/* In the root task, before it forks: what all inherit. */
int relay_begin(struct restore *r) must_check;
/* In the root task, between STEP_FORKED and STEP_MADE; nothing in others. */
int relay_offer(const struct restore *r) must_check;
/* In any task, after STEP_MADE: a new pidfd of the task that the tree knows by this number, or a reported error. */
int relay_open(const struct restore *r, pid_t pid) must_check;
