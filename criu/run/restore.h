/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/restore.h: what the parts of a restore share */
#include "model/model.h"

struct options;
struct journal;
struct restore_shared;
struct cgroups_restore;
struct late_builder;
struct ns;
struct own_creds;
struct rlimit;
struct sigact_raw;

/* What the tool has and each task inherits, asked once: the kinds' note() (task/kind.h). */
struct restore_noted {
	struct own_creds *creds;	/* task/creds.c */
	struct rlimit *rlimits;		/* by resource */
	struct sigact_raw *actions;	/* by signal - 1 */
};

/* What a restore knows of a task beyond its records; the tool's, inherited by the tasks when they are forked. */
struct restore_task {
	struct birth *birth;		/* task/birth.h: who forks it, and when */
	struct premap *premap;		/* mem/premap.h: memory made before the fork; in the task and its children */
};

/* In a task: the region that survives when its memory is replaced: blob, rows, stacks, the shared page. */
struct restorer_place {
	uint64_t addr, size;
};

struct restore_stats {
	uint64_t pages_compared, pages_skipped_cow, pages_restored, forking_us, restore_us;
};

struct restore {
	const struct options *opt;
	struct journal *journal;
	struct model m;
	int img_dir;
	const char *img_path;
	struct restore_shared *shared;	/* seen by the tool and all tasks: run/barrier.h */
	const struct task *self;	/* in a task: itself; NULL in the tool */
	int *own_ns;			/* of trees with namespaces, by enum ns_type: the tool's, or -1 */
	const struct ns *user;		/* the user namespace of this process; NULL: the tool's */
	struct files_restore *files;	/* file/state.h */
	struct late_builder *late;	/* in a task: rows for its restorer */
	struct vma_list *tool_vmas;	/* mem_note_own() */
	struct restorer_place place;	/* in a task, from mem_make() on */
	size_t shared_len;
	struct cgroups_restore *cgroups;	/* cgroup/state.h; NULL: tasks stay in the cgroups of the tool */
	struct birth_plan *births;	/* task/birth.h */
	struct restore_noted noted;
	int service_fd_min;		/* descriptors of the tool live at and above this number */
	int tasks_entry;		/* in the journal */
	pid_t watcher;
	bool has_pidfile;
	struct restore_stats stats;
};

/* Does a task still have, when its state is made, what the tool had when it forked? Entering namespaces changes that. */
static inline bool inherits_from_tool(const struct restore *r)
{
	return !r->m.namespaces.n;
}
