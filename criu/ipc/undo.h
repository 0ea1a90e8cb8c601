/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/undo.h: what processes have to undo on semaphores at their end (SEM_UNDO) */
#include "base/compiler.h"

struct dump;
struct image_in;
struct ipc_ns;
struct ipc_set;
struct restore;
struct task;

/* When the sets of ns are known: into their records. */
int ipc_undo_scan(struct dump *d, struct ipc_ns *ns) must_check;
/* Of tasks in the tool's namespace, which is not saved: what they have to undo is refused. */
int ipc_undo_scan_own(struct dump *d) must_check;
int ipc_undo_check(const struct image_in *in, const struct ipc_set *s) must_check;
/* When all sets are loaded. */
int ipc_undo_load(struct restore *r, struct ipc_ns *ns) must_check;
/* In every task, when it is in the namespace and has one thread. */
int ipc_undo_make(const struct ipc_ns *ns, const struct task *t) must_check;
