/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/kind.h: what the namespace family asks of a kind */
#include "base/compiler.h"
#include "ns/ns.h"

/*
 * Slots that are NULL mean: nothing to do.
 *   dump:    scan with ns->fd open and ns->task stopped; save after everything else is known
 *   load:    load (and check) the records, prepare
 *   restore: make in ns->task, which has just been put into the fresh namespace. It is root in its user namespace,
 *            still has the tool's mounts, and sees the tool's /proc.
 */
struct ns_kind {
	/* Of the tool's own namespace, which is not saved: what tasks have there and cannot take along is refused. */
	int (*scan_own)(struct dump *d);
	int (*scan)(struct dump *d, struct ns *ns);
	/* Of every task, when it is known who is in which: where its children are born. its: the inode of its own. */
	int (*scan_children)(struct dump *d, const struct task *t, ino_t its);
	int (*save)(struct dump *d, struct ns *ns);
	int (*load)(struct restore *r, struct ns *ns);
	/* Of every task, when all are loaded: whether what it says of itself can be. */
	int (*check)(const struct restore *r, const struct task *t);
	/* In the tool, before the first fork: what the tasks need from outside. */
	int (*prepare)(struct restore *r, struct ns *ns);
	/* In the root task, when it is in all its other namespaces: opens ns->fd, of all namespaces of the kind. */
	int (*make_first)(struct restore *r, struct ns *ns);
	/* In the root task, when all tasks exist and wait. */
	int (*make_last)(struct restore *r, struct ns *ns);
	int (*make)(struct restore *r, struct ns *ns);
	/* Of kinds that unshare(2) cannot make at once: makes the namespace and enters it. */
	int (*make_and_enter)(struct restore *r, struct ns *ns);
	/* In every task that is in it, once it is in all of its namespaces. */
	int (*joined)(struct restore *r, const struct ns *ns, const struct task *t);
	/* In the tool, when all namespaces exist and all tasks wait: what needs privileges outside, or several of them. */
	int (*make_outside)(struct restore *r, struct ns *ns);
};

/* One row of kinds.def. */
struct ns_row {
	const char *name;		/* below /proc/PID/ns */
	uint64_t flag;			/* CLONE_NEW* */
	size_t has_id, id;		/* in TaskKobjIdsEntry */
	const struct ns_kind *kind;
};
extern const struct ns_row ns_rows[NS_COUNT];

/* 0: there is none (a kernel without such namespaces, or an image of one). */
uint32_t ns_id_get(const TaskKobjIdsEntry *ids, enum ns_type type);
void ns_id_set(TaskKobjIdsEntry *ids, enum ns_type type, uint32_t id);
/*
 * Which namespace a link below dir leads to; dir: /proc/PID/ns, or name is a whole path. 1, 0: the kernel has no such
 * namespaces (of pid_for_children: it has no init yet), or a reported error.
 */
int ns_inode_at(int dir, const char *name, ino_t *ret) must_check;
/* /proc/PID/ns/NAME. pid 0: the tool's own. */
int ns_inode(pid_t pid, const char *name, ino_t *ret) must_check;
/* While restoring: the namespace of this type that a process is in; of one that a parent has, its children. Reports. */
int ns_open_link(pid_t pid_real, enum ns_type type) must_check;
int ns_open_of(pid_t pid_real, const struct ns *ns) must_check;
/* NULL: nobody in the tree is in it, or it is the tool's own. */
struct ns *ns_by_inode(const struct model *m, enum ns_type type, ino_t ino);
/* Whether a user namespace is another one or below it; NULL: the tool's own. */
bool ns_is_within(const struct ns *user, const struct ns *outer);
/* While dumping: who owns each, own_user being the tool's; what cannot be made again as that; into the inventory. */
int ns_owners_scan(struct dump *d, ino_t own_user) must_check;
/* While dumping: who owns a namespace that is none of the model's; -ENOENT (not reported): nobody in there. */
int ns_owner_find(struct dump *d, int fd, const struct ns **ret) must_check;
void ns_owners_refuse(struct dump *d);
void ns_owners_save(struct dump *d);
/* While restoring: adds user namespaces that no task is in; when births are planned, whether all can be made. */
int ns_owners_load(struct restore *r) must_check;
int ns_owners_check(struct restore *r) must_check;
/* Whoever forks t; while dumping, its parent. */
const struct task *ns_forker(const struct task *t);
/* Why a task could not get into its namespaces; NULL: it can. For dumps too. */
const char *ns_obstacle(struct model *m, const struct task *t);
/* In the root task, before it forks others: user namespaces below the base, and all that they own. Opens ns->fd. */
int ns_make_owned(struct restore *r) must_check;
/* The time namespace that the children of t are born into and t is not in; NULL: none. */
struct ns *ns_of_children(const struct model *m, const struct task *t);
/* In t, which stays where it is. */
int time_make_for_children(struct restore *r, const struct task *t) must_check;
/* Makes a namespace; the calling process is in it then. */
int ns_make(struct restore *r, struct ns *ns) must_check;
/* While dumping: refuses threads that are in others than their process. */
int ns_scan_threads(struct dump *d, const struct task *t) must_check;
/* An id that no namespace of the model has. */
uint32_t ns_free_id(const struct model *m);
struct ns *ns_add(struct model *m, enum ns_type type, uint32_t id, const struct task *t);

/* While restoring, in the tool: namespaces that --join-ns names become external, with ns->fd open. */
int ns_join(struct restore *r) must_check;
