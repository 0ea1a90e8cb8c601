/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/dump.h: what the parts of a dump share */
#include <compel/compel.h>
#include "mem/mapped.h"
#include "model/model.h"
#include "run/refusals.h"

struct options;
struct journal;
struct inside_task;
struct inside_thread;
struct proc_stat;
struct proc_status;

/* What a dump knows of a thread beyond its record. */
struct dump_thread {
	bool is_seized, is_stopped;
	struct compel_stop stop;
	struct user_regs_struct regs;	/* restart fix-up applied */
	const struct inside_thread *inside;	/* what the parasite answered; NULL for a zombie */
	struct proc_stat *stat;		/* kernel/proc_stat.h */
	struct proc_status *status;	/* kernel/proc_status.h */
};

struct dump_task {
	unsigned int owner;		/* the thread that traces it: task/owner.h */
	struct compel_proc *proc;	/* NULL for a zombie */
	int pidfd;
	int stop_signo;			/* of a group-stopped task, else 0 */
	const struct inside_task *inside;
	struct vma_list *vmas;		/* mem/vmas.h */
	const void *seccomp_chains;	/* of each thread, until they are joined: task/seccomp.c */
};

struct dump_stats {
	uint64_t freezing_us, frozen_us, memdump_us, memwrite_us;
	uint64_t pages_scanned, pages_skipped_parent, pages_written;
};

struct freezer {
	const char *dir;		/* the cgroup that holds the tree still; NULL: none */
	const char *file;		/* cgroup.freeze or freezer.state; NULL: not asked for */
	const char *freeze, *thaw;	/* what is written to it */
	bool is_on, was_frozen;
	int entry;			/* in the journal */
};

struct dump {
	const struct options *opt;
	struct journal *journal;
	const char *run_id;
	struct model m;
	struct refusals refusals;
	int img_dir;
	const char *img_path;		/* absolute */
	int images_entry;		/* in the journal */
	struct freezer freezer;
	struct net_holds *holds;	/* net/hold.h: networks that stand still; NULL: none */
	bool has_net;			/* the tree has a network namespace that is not the tool's */
	uint32_t pid_level;		/* of the root's pid namespace below that of /proc: task/pids.h */
	struct dump_stats stats;
	uint32_t next_ghost_id, next_pages_id;
	struct owners *owners;		/* task/owner.h; NULL: the main thread owns all tasks */
	struct files_dump *files;	/* file/state.h */
	struct mapped_objects mapped;	/* of tasks whose /proc/PID/map_files may not be followed */
	struct locks_dump *locks;	/* file/locks.c; NULL: none so far */
};
