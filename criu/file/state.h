/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/state.h: what the file family remembers during a run */
#include <pthread.h>
#include "base/map.h"
#include "file/kind.h"
#include "model/model.h"

/* One open file description met in the tree; a search tree by key, then in the order that kcmp gives. */
struct description {
	uint64_t key;
	pid_t pid_real;
	int fd;
	uint32_t id;
	struct description *lower, *higher;
};

/* A file that is no descriptor. */
struct known_link {
	dev_t dev;
	ino_t ino;
	int mnt_id;
	uint32_t flags, id;
	uint32_t next;			/* number + 1 of the next one with the same hash */
};

struct files_dump {
	struct description *descriptions;
	VEC(struct known_link) links;
	struct map links_by_hash;	/* to number + 1 */
	VEC(struct fd_table *) tables;	/* in the order that kcmp gives */
	bool is_committed;		/* files_commit() */
};

/* Who makes a file, and under which number: -1 if the maker's own table does not have it. */
struct file_plan {
	const struct task *owner;	/* NULL: nobody holds it, it is opened on demand */
	int fd;
};

/* A descriptor that the caller gave with --inherit-fd. */
struct inherited {
	const char *key;
	int fd;				/* >= service_fd_min */
};

struct files_restore {
	struct file_plan *plan;		/* by index in model.files */
	int *local;			/* in a task: where each file is in this task, or -1 */
	VEC(struct inherited) inherited;
	bool is_committed;		/* files_restore_commit() */
	int root_pidfd;			/* in tasks of trees with nested pid namespaces: the root task's (file/relay.h) */
	int terminal;			/* the caller's, >= service_fd_min, or -1 */
};

/* The state of this run, made on first use. */
struct files_dump *files_dump_state(struct dump *d);

static inline size_t file_index(const struct model *m, const struct file *f)
{
	return f - m->files.v;
}
