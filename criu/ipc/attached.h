/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/attached.h: System V segments as mappings */
#include <stdbool.h>
#include <stdint.h>
#include "base/compiler.h"
#include "image/records.h"

struct dump;
struct restore;
struct task;

/*
 * A mapping of the task is of segment id: of its own IPC namespace, as the kernel does not say which. False: that
 * namespace is not the tree's, or has no such segment.
 */
bool ipc_count_attached(struct dump *d, const struct task *t, uint64_t id);
/* When all mappings were counted: whoever else has a segment attached would lose it. */
void ipc_refuse_attached(struct dump *d);

/*
 * In a task that is in its IPC namespace: attaches the segment of mapping v (vma.shmid, vma.pgoff) where nothing of the
 * task's will be, with the part of it that v shows and no other. A segment that was removed is removed again: the kernel
 * keeps it as long as it is attached, and lets others attach it until then.
 */
int ipc_attach(struct restore *r, const struct task *t, const VmaEntry *v, uint64_t *ret_addr) must_check;
