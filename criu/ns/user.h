/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/user.h: ids as the tree sees them and as the tool does */
#include <stdbool.h>
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
/* As above, as a user namespace sees it; user NULL: the tool's own. */
uid_t user_uid_in(const struct ns *user, uid_t outside);
gid_t user_gid_in(const struct ns *user, gid_t outside);
bool user_has_uid(const struct ns *user, uid_t outside);
bool user_has_gid(const struct ns *user, gid_t outside);

/* Restore: an id of a record, which is as the root task sees it, for what the tool does from outside. */
uid_t user_uid_outside(const struct model *m, uid_t inside);
gid_t user_gid_outside(const struct model *m, gid_t inside);
/* The same for an id as `user` sees it, and for what the calling process does where it is now. */
uid_t user_uid_here(const struct restore *r, const struct ns *user, uid_t uid);
gid_t user_gid_here(const struct restore *r, const struct ns *user, gid_t gid);

/* In the one that has forked the first process of a user namespace: writes its maps and lets it go on. */
int user_ns_map(struct restore *r, const struct ns *ns) must_check;
/* In that first process: waits for the maps, and is root in there then. */
int user_ns_begin(struct restore *r, const struct ns *ns) must_check;
/* In a process that exists for one thing: into a user namespace, as root in there. */
int user_ns_go(struct restore *r, const struct ns *ns) must_check;
/* In a task that was not born in its user namespace, between its birth and the entry: files that it makes are theirs. */
int user_ns_own_files(struct restore *r, const struct task *t) must_check;
int user_ns_enter(struct restore *r, const struct task *t) must_check;
