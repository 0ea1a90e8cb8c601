/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/kind.h: what the file family asks of a kind */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <protobuf-c/protobuf-c.h>
#include "base/compiler.h"
#include "fdinfo.pb-c.h"
#include "fown.pb-c.h"

struct dump;
struct model;
struct restore;
struct task;

/* What the family knows of an open file before any kind is asked. Valid during the call only. */
struct file_facts {
	const struct task *task;
	int fd;				/* in the task; -1 for a file that is no descriptor (exe, cwd, mapped) */
	int copy;			/* the same open file description in the tool (pidfd_getfd) or an O_PATH one */
	struct stat st;
	const char *link;		/* text of /proc/PID/fd/N */
	const char *fdinfo;		/* text of /proc/PID/fdinfo/N, NULL if fd is -1 */
	uint64_t pos;
	uint32_t flags;			/* open flags without O_CLOEXEC */
	int mnt_id;			/* as the kernel numbers it, -1 if unknown */
	uint32_t id;			/* the id of the record being filled */
	int root;			/* where its path begins: of its mount namespace, or AT_FDCWD for the tool's */
	bool is_outside;		/* its mount is in no namespace of the tree */
	bool is_path_only;		/* asked by another kind, which needs a name to open the file by */
};

/* What data can say about a kind, no function says. Zero fields do not count. */
struct file_sign {
	const char *anon;		/* link text behind "anon_inode:", e.g. "[eventfd]" */
	mode_t format;			/* S_IFREG, S_IFDIR ... */
	const char *link_prefix;	/* e.g. "pipe:[" */
};

/* Returned by fdinfo() for a key that the kind does not know. */
enum { FDINFO_NOT_MINE = 1 };

/*
 * Slots that are NULL mean the family's default. The order of kinds.def is the order of asking.
 *   dump:    claims, fdinfo (once per line of fdinfo), scan, refuse; scan_peers when all files are known; save
 *   load:    check (each record), load
 *   restore: foresee (dry run), prepare, prepare_inside, lead, hand_over, group, make, fill, release
 * The family does what all have in common: id, flags, pos and fown of a record are filled in before scan, and flags
 * that F_SETFL can set, and the owner, are set behind make and fill.
 */
struct file_kind {
	const char *name;
	FdTypes type;
	const ProtobufCMessageDescriptor *record;
	struct file_sign sign;
	bool fdinfo_moves;		/* fdinfo of the same file changes while nobody touches it (clocks) */
	bool (*claims)(const struct file_facts *f);
	int (*fdinfo)(struct dump *d, void *rec, const char *key, const char *val);
	int (*scan)(struct dump *d, const struct file_facts *f, void *rec);
	/* Calls refuse() for whatever stands in the way. */
	void (*refuse)(struct dump *d, const struct file_facts *f, const void *rec);
	/* Every file of the tree is known now; fd is one of t's that is this file. May refuse, too. */
	int (*scan_peers)(struct dump *d, const struct task *t, int fd, void *rec);
	/* Once per kind: images of its own, from and into file_kind_data(). */
	int (*save)(struct dump *d);
	int (*load)(struct model *m, int img_dir);
	int (*check)(const void *rec);
	/* In a dry run, in the tool, instead of all that follows: fails as make() would, with nothing made. */
	int (*foresee)(struct restore *r, const void *rec);
	/* Once per kind, in the tool, before tasks are forked; release takes back what prepare has done outside. */
	int (*prepare)(struct restore *r);
	/* Once per kind, in the root task, when all mounts of the tree are there, before it forks others. */
	int (*prepare_inside)(struct restore *r);
	void (*release)(struct restore *r);
	/* Once per kind, in the tool, at the end of a dump, good or bad. */
	void (*release_dump)(struct dump *d);
	/* Once per kind, in a session leader, before it forks those that are in its session. */
	int (*lead)(struct restore *r, const struct task *t);
	/* Once per kind, in the tool, when all tasks exist: to the caller what is for it. */
	int (*hand_over)(struct restore *r, pid_t root_real);
	/* Files of one kind with the same non-zero group are made in one task (the ends of a pipe). */
	uint64_t (*group)(const void *rec);
	/* In a task that holds the file: a new descriptor, close-on-exec, owned by the caller. */
	int (*make)(struct restore *r, const void *rec, int *ret_fd);
	/* In the same task, when every descriptor of the tree is in place: fd is the one just made. */
	int (*fill)(struct restore *r, const struct task *t, const void *rec, int fd);
};

const struct file_kind *file_kind_of(const struct file_facts *f);
const struct file_kind *file_kind_by_type(FdTypes type);
/* A place for what a kind keeps beside its records (contents of queues, descriptors it holds). */
void **file_kind_data(struct model *m, const struct file_kind *kind);
