/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/pids.h: the numbers of one thread in every pid namespace; the one place that translates */
#include "base/compiler.h"
#include "model/model.h"

struct dump;
struct restore;
struct proc_status;

/*
 * While dumping: th->pids from the NSpid line of its status, counted from the namespace of the root task, whose own
 * status is asked about first. A thread that the root cannot see (its pid namespace is another branch) is an error.
 */
int pids_scan(struct dump *d, struct thread *th, const struct proc_status *status) must_check;
/* A process group or session as the root task sees it; 0: its leader is outside of the root's pid namespace. */
pid_t pids_group(const struct dump *d, const struct proc_status *status);
pid_t pids_session(const struct dump *d, const struct proc_status *status);

/* When all parents are known: numbers of a group and a session that nobody can be asked about any more. */
void pids_scan_dead_leaders(struct dump *d, const struct task *t);

/* In its own pid namespace. */
pid_t pids_own(const struct thread *th);
/* In that of another; 0: it is not in there, nor below it. While dumping, after ns_ids_scan(). */
pid_t pids_seen_by(const struct model *m, const struct thread *viewer, const struct thread *th);

/* Whether any task is in a pid namespace below the root's. */
bool pids_are_nested(const struct model *m);

/* While restoring: th->inner from the record of th, whose leader has been loaded. */
int pids_load(struct thread *th) must_check;
/* While restoring, in the tool, when all threads exist: pid_real of every thread, where it differs from pid. */
int pids_find_real(struct restore *r) must_check;
/* Its numbers down to n_inner levels as clone3(2) wants them, the innermost namespace first; returns how many. */
size_t pids_for_clone(const struct thread *th, size_t n_inner, pid_t ret[MAX_PID_LEVELS]);
/* The same for one that is dead; inner: its numbers as in inner_pids. */
size_t pids_of_dead(size_t n, const uint32_t *inner, pid_t outer, pid_t ret[MAX_PID_LEVELS]);
/* In a task: its own number as the tool sees it. */
pid_t pids_own_real(void);
