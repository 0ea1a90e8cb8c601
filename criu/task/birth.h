/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/birth.h: who forks whom, so that sessions, groups and parents come out right */
#include <stdbool.h>
#include "model/model.h"

/*
 * A process gets its session from the one that forks it, or makes a new one. So each task is forked
 *   BIRTH_LATE	by its parent, when that is in its own session
 *   BIRTH_EARLY	by its parent, before that leaves the session it was born into
 *   BIRTH_ORPHAN	by a helper that a member of the session forks, and that ends at once: the kernel then gives the
 *		task to the nearest subreaper, its parent
 *   BIRTH_HEIR	as BIRTH_ORPHAN, where the leader of the session is dead: the helper takes the leader's pid
 */
enum birth_when { BIRTH_LATE, BIRTH_EARLY, BIRTH_ORPHAN, BIRTH_HEIR };

struct birth {
	enum birth_when when;
	const struct task *forker;	/* who forks the task, or its helper */
};

/* Process groups whose leader is dead: a helper holds the number until all have joined. */
struct group_helper {
	pid_t pgid;
	const struct task *forker;	/* the first member */
};

struct birth_plan {
	VEC(struct group_helper) groups;
};

/* Whether the table that t shares can be shared again: its other owner must be the parent. For dumps too. */
bool birth_can_share_files(const struct task *t);

/*
 * What in its session or process group cannot be made again in a nested pid namespace, where who has ended has told its
 * number to nobody, and who is outside has none; NULL: nothing. For dumps too.
 */
const char *birth_obstacle(struct model *m, const struct task *t);

/* Pure: fills restore->birth of every task; an error names the relation that cannot be made. */
int births_plan(struct model *m, bool is_shell_job, struct birth_plan *ret) must_check;
