/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/perm.h: what all System V objects have: id, key, owner, creator, mode */
#include <sys/ipc.h>
#include "base/compiler.h"
#include "base/map.h"
#include "ipc-desc.pb-c.h"

struct dump;
struct image_in;
struct ipc_ns;

IpcDescEntry *ipc_perm_scan(struct dump *d, const struct ipc_ns *ns, const struct ipc_perm *p, int id);
/* seen: ids and keys of the records before this one; other_bits: allowed in mode beside permissions. */
int ipc_perm_check(const struct image_in *in, struct map *seen, const IpcDescEntry *e, uint32_t other_bits) must_check;
/* For IPC_SET. */
void ipc_perm_fill(const IpcDescEntry *e, struct ipc_perm *ret);

/* Who the calling task was before it made an object as somebody else. */
struct ipc_identity {
	uid_t uid;
	gid_t gid;
	int death_signal;
	bool is_other;
};

/*
 * Until ipc_identity_back(), objects that are made have this creator. In the task that is being made, which has one
 * thread. Where it may not be this one, the creator is lost with a warning.
 */
int ipc_identity_take(uid_t uid, gid_t gid, struct ipc_identity *ret_old) must_check;
int ipc_identity_back(const struct ipc_identity *old) must_check;

/* Makes an object with its id and creator; next: from ipc_next_id_open(); get: gives an id, or reports and fails. */
int ipc_perm_make(const IpcDescEntry *e, int next, int (*get)(const void *rec), const void *rec) must_check;
