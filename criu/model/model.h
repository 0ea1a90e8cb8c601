/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* model/model.h: the snapshot in memory: image messages and the indexes over them */
#include <stdbool.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/vec.h"
#include "image/records.h"

/* task_core_entry.task_state */
enum task_state { TASK_ALIVE = 1, TASK_DEAD = 2, TASK_STOPPED = 3 };

struct dump_task;
struct ns;
struct dump_thread;
struct restore_task;
struct task;

/*
 * Pids are stored as the root task of the tree sees them. pid_real is what the tool uses in system calls and /proc; the
 * only place that translates is task/pids.c.
 */
enum { MAX_PID_LEVELS = 33 };		/* MAX_PID_NS_LEVEL of the kernel, and the initial one */

struct thread {
	struct task *task;
	pid_t pid;			/* in the pid namespace of the root task */
	pid_t pid_real;			/* in the tool's */
	const pid_t *inner;		/* in the namespaces below the root's, down to its own; usually none */
	size_t n_inner;
	CoreEntry *core;		/* core-<pid>.img; the leader's carries tc */
	struct dump_thread *dump;	/* only while dumping */
};

/* One descriptor table; tasks that share it have the same files_id. */
struct fd_table {
	uint32_t id;
	struct task *owner;		/* the first task, in tree order, that has it */
	VEC(FdinfoEntry *) fds;		/* in ascending order of fd */
};

/* One record of pagemap-<pid>.img with its place in pages-<id>.img. */
struct page_run {
	uint64_t start;
	uint64_t n_pages;
	uint32_t flags;			/* PE_* */
	uint64_t offset;		/* in the pages file (with PE_COW: that of cow), bytes */
	struct task *cow;		/* PE_COW: the relative whose page at the same address this is */
};
enum { PE_PARENT = 1, PE_LAZY = 2, PE_PRESENT = 4, PE_COW = 0x100 };

struct pagemap {
	uint32_t pages_id;
	VEC(struct page_run) runs;	/* ascending, not overlapping */
	const uint8_t *map;		/* while restoring: the pages file, mapped; NULL if it is empty */
	uint64_t map_len;
	uint64_t n_compared, n_equal;	/* pages that were compared with the parent's, and found the same */
};

struct task {
	struct task *parent;		/* NULL: the root */
	size_t index;			/* in model.tasks */
	PstreeEntry *tree;
	enum task_state state;
	struct thread *threads;		/* [0] is the leader; a zombie has only that */
	size_t n_threads;
	TaskKobjIdsEntry *ids;		/* NULL for zombies, as are the four below */
	MmEntry *mm;
	FsEntry *fs;
	struct fd_table *fds;
	struct pagemap pages;
	struct dump_task *dump;
	struct restore_task *restore;
};

/* One open file description. */
struct file {
	FileEntry *entry;
	void *rec;			/* the member of the union that entry->type names */
	const struct file_kind *kind;
};

struct model {
	struct arena arena;
	InventoryEntry *inventory;
	TimensEntry *timens;		/* the clocks at dump */
	SeccompEntry *seccomp;
	CgroupEntry *cgroup;		/* NULL: all tasks are where the tool is */
	VEC(struct task *) tasks;	/* parents before children; [0] is the root */
	VEC(struct fd_table *) fd_tables;
	VEC(struct file) files;		/* ids are index + 1 while dumping; use model_file() */
	VEC(RemapFilePathEntry *) remaps;
	VEC(FileLockEntry *) locks;
	VEC(struct ns *) namespaces;	/* of the tree; not those it has in common with the tool: ns/ns.h */
	struct mount_set *mounts;	/* mount/set.h; NULL: the tree has the mounts of the tool */
	void **file_kind_data;		/* file/kind.h: file_kind_data() */
};

struct task *model_task_add(struct model *m, struct task *parent, pid_t pid, pid_t pid_real);
struct thread *model_thread_add(struct model *m, struct task *t, pid_t tid, pid_t tid_real);
struct task *model_task_by_pid(const struct model *m, pid_t pid);
struct task *model_task_by_real(const struct model *m, pid_t pid_real);
struct thread *model_thread_by_real(const struct model *m, pid_t tid_real);
/* The file with this id, or NULL. */
struct file *model_file(const struct model *m, uint32_t id);
/* A new file with the next id. */
struct file *model_file_add(struct model *m, const struct file_kind *kind);
/* The remap record of this file, or NULL. */
RemapFilePathEntry *model_remap(const struct model *m, uint32_t file_id);

static inline struct thread *leader(const struct task *t)
{
	return &t->threads[0];
}

static inline bool is_alive(const struct task *t)
{
	return t->state != TASK_DEAD;
}
