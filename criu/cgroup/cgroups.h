/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cgroup/cgroups.h: cgroups of a tree, for the stages of dump and restore */
#include <stdbool.h>
#include "base/compiler.h"

struct dump;
struct options;
struct restore;
struct task;

/* What --manage-cgroups says. */
enum cgroup_mode { CG_IGNORE, CG_NONE, CG_PROPS, CG_SOFT, CG_FULL, CG_STRICT };
int cgroups_mode(const struct options *opt, enum cgroup_mode *ret) must_check;

/* Dump: which set every thread is in, and, where one is not the tool's own, the directories and their properties. */
int cgroups_scan(struct dump *d) must_check;
int cgroups_save(struct dump *d) must_check;
/* In the cgroup namespace of t, before cgroups_scan(): what it hides. */
struct cg_roots;
int cgroups_scan_roots(struct dump *d, const struct task *t, struct cg_roots **ret) must_check;

/* Restore, in this order. load reads and checks; prepare opens the hierarchies (before a watcher is forked). */
int cgroups_load(struct restore *r) must_check;
int cgroups_prepare(struct restore *r) must_check;
/* Directories, with what must be written before there are tasks. */
int cgroups_make(struct restore *r) must_check;
/* In the tool: what was made goes, once the tasks are dead. */
void cgroups_unmake(struct restore *r);
/* The descriptor of the cgroup of version 2 in which t is to be born, for CLONE_INTO_CGROUP; -1: where its forker is. */
int cgroups_birth(const struct restore *r, const struct task *t);
/* In a task that was just born: into the cgroups of its leader. `is_born`: it is in that of version 2 already. */
int cgroups_enter(struct restore *r, const struct task *t, bool is_born) must_check;
/* In a task: into the cgroups that are the roots of the cgroup namespace which it is about to make. */
int cgroups_enter_roots(struct restore *r, const struct task *t) must_check;
/* When all threads exist: those that have cgroups of their own. */
int cgroups_place_threads(struct restore *r) must_check;
/* When nothing more is made: limits, the freezer last. */
int cgroups_limit(struct restore *r) must_check;
int cgroups_freeze(struct restore *r) must_check;
/* The restore is through, and nobody is placed any more. */
void cgroups_commit(struct restore *r);
