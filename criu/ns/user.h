/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/user.h: ids as the tree sees them and as the tool does */
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

struct model;
struct ns;
struct restore;
struct task;

/*
 * Dump: an id that the kernel told the tool (stat, /proc/PID/status), as the user namespace of t sees it; with
 * t NULL, as the root task's does. What has no name there is the overflow id, as it is for the tasks themselves.
 */
uid_t user_uid_inside(const struct model *m, const struct task *t, uid_t outside);
gid_t user_gid_inside(const struct model *m, const struct task *t, gid_t outside);
/* Restore: the opposite, for what the tool does from outside of the root task's namespace. */
uid_t user_uid_outside(const struct model *m, uid_t inside);
gid_t user_gid_outside(const struct model *m, gid_t inside);

/* In the one that has forked the first task of a user namespace: writes its maps and lets it go on. */
int user_ns_map(struct restore *r, const struct ns *ns) must_check;
