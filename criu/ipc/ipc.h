/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/ipc.h: what is in an IPC namespace, and what its kinds of object do with it */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/vec.h"
#include "image/records.h"
#include "mem/shmem.h"

struct dump;
struct ns;
struct restore;

struct ipc_set {			/* of semaphores */
	IpcSemEntry *entry;
	const uint16_t *values;
};

/* What a process has to undo on a semaphore at its end. */
struct ipc_undo {
	pid_t pid;
	int id;				/* of the set */
	uint16_t num;
	int16_t adjustment;
};

struct ipc_message {
	IpcMsg *entry;
	const void *text;
};

struct ipc_queue {
	IpcMsgEntry *entry;
	struct ipc_message *messages;	/* entry->qnum of them, oldest first */
};

struct ipc_segment {
	IpcShmEntry *entry;
	bool is_untouched;		/* while dumping: it was never attached, so there is nothing in it */
	uint64_t n_attached, n_found;	/* while dumping: mappings of it, as the kernel counts them, and in the tree */
	struct shmem memory;		/* what is in it */
};

struct ipc_ns {
	const struct ns *ns;
	IpcVarEntry *var;
	VEC(struct ipc_segment) segments;
	VEC(struct ipc_queue) queues;
	VEC(struct ipc_set) sets;
	VEC(struct ipc_undo) undos;	/* while restoring: of all sets, by process */
	VEC(IpcMqueueEntry *) mqueues;
};

/*
 * One kind of object. All slots must be there.
 *   dump:    scan and save in the tool's thread while it is inside the namespace; scan changes nothing there
 *   load:    in the tool; records are checked before anybody else sees them
 *   make:    in the first task of the namespace, which is root of its user namespace
 */
struct ipc_kind {
	const char *name;
	int (*scan)(struct dump *d, struct ipc_ns *ns);
	int (*save)(struct dump *d, struct ipc_ns *ns);
	int (*load)(struct restore *r, struct ipc_ns *ns);
	int (*make)(struct restore *r, const struct ipc_ns *ns);
};

extern const struct ipc_kind ipc_shm_kind, ipc_msg_kind, ipc_sem_kind, ipc_mqueue_kind;
