/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ns/ns.h: the namespaces of a tree as a family */
#include <stdint.h>
#include "base/compiler.h"
#include "model/model.h"

struct dump;
struct restore;

enum ns_type {
#define NS_KIND(stem, type, flag) NS_##type,
#include "ns/kinds.def"
#undef NS_KIND
	NS_COUNT
};

/*
 * One namespace of the tree that is not the dumping tool's own; those are not in the images, and tasks in them get
 * whatever the restoring tool is in.
 */
struct ns {
	enum ns_type type;
	uint32_t id;			/* what *_ns_id of its tasks says */
	const struct ns_kind *kind;
	/*
	 * The first of the tree that is in it: while restoring, the one that makes it, if that is in its owner. NULL:
	 * nobody is in it; a user namespace that is known by what it owns.
	 */
	const struct task *task;
	/* Of time namespaces: whose children are born there, and who is not in it: what unshare(2) makes. NULL: nobody. */
	const struct task *parent;
	const struct ns *owner;		/* of user namespaces: the parent; NULL: the tool's own */
	uid_t made_by;			/* of user namespaces: who owns them, as the parent sees him (dump: the tool) */
	size_t index;			/* in model.namespaces */
	ino_t ino;			/* while dumping */
	int fd;				/* itself; while restoring, if no task makes it at its birth; else -1 */
	int root;			/* mount namespaces: their root directory; while restoring, in tasks; else -1 */
	const char *ext_key;		/* it is not part of the snapshot: the label that --inherit-fd gives it again */
	void *data;			/* the kind's */
};

/* In the model by its id; NULL: the tool's own. */
struct ns *ns_by_id(const struct model *m, enum ns_type type, uint32_t id);
/* The first of this type in the model; NULL: none. */
struct ns *ns_first(const struct model *m, enum ns_type type);
/* The namespace that a living task is in; NULL: the tool's own. */
struct ns *ns_of(const struct model *m, const struct task *t, enum ns_type type);
/* As above, of the root task: the one that ids in the images are counted in. */
struct ns *ns_of_root(const struct model *m, enum ns_type type);
/* The user namespace that all tasks are born in; NULL: the tool's own. */
const struct ns *ns_base(const struct model *m);
/*
 * The user namespace that mounts are built in, and that ids in them are counted in: that of the root task's mounts, or one
 * above it that all mount namespaces are below. NULL: the tool's own.
 */
const struct ns *ns_mounts_owner(const struct model *m);

/* --- dump ------------------------------------------------------------------------------------------------------ */
/* Who is in which: fills model.namespaces, the ids of living tasks and of the tool. Refuses what cannot be saved. */
int ns_ids_scan(struct dump *d) must_check;
/* Their contents. */
int ns_scan(struct dump *d) must_check;
int ns_save(struct dump *d) must_check;
void ns_release(struct dump *d);
/* While dumping: whose a descriptor is, and its CLONE_NEW*; -ENOENT (not reported): none of the tree's or the tool's. */
int ns_identify(struct dump *d, int fd, uint32_t *ret_id, uint32_t *ret_flag) must_check;
/* While dumping: runs work in the calling thread inside ns (net, ipc, uts, cgroup only), and comes back. */
int ns_inside(struct dump *d, const struct ns *ns, int (*work)(struct dump *d, void *arg), void *arg) must_check;

/* --- restore --------------------------------------------------------------------------------------------------- */
/* From the ids of the loaded tasks, then their records. */
int ns_load(struct restore *r) must_check;
/* In the tool, before the first fork: what has to be open by then. */
int ns_prepare(struct restore *r) must_check;

/* In the one that forks t: CLONE_NEW* for clone3(2); how the new process gets into the rest is ns_enter()'s. */
uint64_t ns_clone_flags(const struct restore *r, const struct task *t);
/* In the tool, around the fork of the root task: into those that it could not enter from its user namespace, and back. */
struct ns_way_back {
	int fd[NS_COUNT];		/* the tool's own, by type; -1: it did not move */
};
int ns_go_for_root(struct restore *r, struct ns_way_back *ret_back) must_check;
int ns_come_back(struct ns_way_back *back) must_check;
/* In the one that forks t, around the fork: into the pid namespace of t and back, where that exists already. */
int ns_before_fork(struct restore *r, const struct task *t) must_check;
int ns_after_fork(struct restore *r, const struct task *t) must_check;
/* In a task, when it has forked all of its children: those that it will fork may be born into another pid namespace. */
int ns_for_children(struct restore *r, const struct task *t) must_check;
/* In the new process, first of all: makes the namespaces it is the first member of, enters the others. */
int ns_enter(struct restore *r, const struct task *t) must_check;
/* In a task, when all exist and wait. */
int ns_make_last(struct restore *r) must_check;
/*
 * In a task that was not born in its user namespace: before it makes files, that they belong to the root of that one;
 * when it has all files, into it.
 */
int ns_own_files(struct restore *r) must_check;
int ns_enter_user(struct restore *r) must_check;
/* The namespace itself, once its first task is in it; and the path by which it is found, as long as that task lives. */
int ns_open_made(struct restore *r, const struct ns *ns) must_check;
const char *ns_path_made(struct restore *r, const struct ns *ns);
/* Whether this is a CLONE_NEW* of a kind of namespace. */
bool ns_flag_is_known(uint32_t flag);
/* In a task, when all exist: a new descriptor of that namespace, also of the tool's, or a reported error. */
int ns_open(struct restore *r, uint32_t flag, uint32_t id) must_check;
/* In the tool, when all tasks exist and wait. */
int ns_make_outside(struct restore *r) must_check;
