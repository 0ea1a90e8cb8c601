/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/record.h: what all tasks have: core, place in the tree, shared objects */
#include "base/compiler.h"
#include "model/model.h"

struct dump;

/* core-N: state, flags, name, blocked signals; registers into thread->dump. Zombies get no more than this. */
int core_scan(struct dump *d, struct task *t) must_check;
/* pstree.img: parents, groups, sessions, threads; in depth-first order. Refuses what cannot be made again. */
int relations_scan(struct dump *d) must_check;
/* After files_scan(): descriptor tables that no fork can share, terminals that nobody gives back. */
void relations_refuse(struct dump *d);
/* ids-N.img: who shares mm, fs and signal handlers, and which namespaces. files_id belongs to file/. */
int sharing_scan(struct dump *d) must_check;

/* Credentials and security label; early images have them for the process only. NULL: none at all, which is checked. */
static inline const CredsEntry *creds_of(const struct thread *th)
{
	const CredsEntry *own = th->core->thread_core->creds;

	return own ? own : leader(th->task)->core->thread_core->creds;
}
