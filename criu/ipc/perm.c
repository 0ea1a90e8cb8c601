/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners, creators and permissions of System V objects. */
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/perm.h"
#include "ipc/sysctl.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "run/dump.h"

enum { PERMISSIONS = 0777 };

IpcDescEntry *ipc_perm_scan(struct dump *d, const struct ipc_ns *ns, const struct ipc_perm *p, int id)
{
	IpcDescEntry *e = arena_msg(&d->m.arena, IpcDescEntry, ipc_desc_entry__init);

	if (!user_has_uid(ns->ns->owner, p->uid) || !user_has_uid(ns->ns->owner, p->cuid) ||
	    !user_has_gid(ns->ns->owner, p->gid) || !user_has_gid(ns->ns->owner, p->cgid))
		refuse(&d->refusals, REFUSE_CRED_UNSUPPORTED,
		       "object %d with key 0x%x has an owner without a name in the user namespace of its ipc namespace", id,
		       p->__key);
	e->key = p->__key;
	e->id = id;
	e->mode = p->mode;
	e->uid = user_uid_in(ns->ns->owner, p->uid);
	e->gid = user_gid_in(ns->ns->owner, p->gid);
	e->cuid = user_uid_in(ns->ns->owner, p->cuid);
	e->cgid = user_gid_in(ns->ns->owner, p->cgid);
	return e;
}

static int note(const struct image_in *in, struct map *seen, struct arena *a, uint64_t key, const IpcDescEntry *e)
{
	uint64_t *at = map_at(a, seen, key);

	if (*at)
		return image_bad(in, "id %u or key 0x%x is there twice", e->id, e->key);
	*at = 1;
	return 0;
}

int ipc_perm_check(const struct image_in *in, struct map *seen, const IpcDescEntry *e, uint32_t other_bits)
{
	int err;

	if (e->id > INT32_MAX)
		return image_bad(in, "%u is no id", e->id);
	if (e->mode & ~(PERMISSIONS | other_bits))
		return image_bad(in, "id %u: impossible mode %o", e->id, e->mode);
	err = note(in, seen, in->arena, e->id, e);
	if (!err && e->key != IPC_PRIVATE)
		err = note(in, seen, in->arena, 1ULL << 32 | e->key, e);
	return err;
}

void ipc_perm_fill(const IpcDescEntry *e, struct ipc_perm *ret)
{
	ret->uid = e->uid;
	ret->gid = e->gid;
	ret->mode = e->mode & PERMISSIONS;
}

/* A change of ids takes away the signal at the parent's death, and makes the files in /proc/self root's. */
static int change(uid_t uid, gid_t gid, bool is_back, int death_signal)
{
	int err = 0;

	/* As the other one there is no right to change the group, so the order depends on the direction. */
	if (is_back && (setresuid(-1, uid, -1) < 0 || setresgid(-1, gid, -1) < 0))
		err = -errno;
	if (!is_back && (setresgid(-1, gid, -1) < 0 || setresuid(-1, uid, -1) < 0))
		err = -errno;
	if (prctl(PR_SET_DUMPABLE, 1) < 0 || prctl(PR_SET_PDEATHSIG, death_signal) < 0)
		err = err ?: -errno;
	return err;
}

int ipc_identity_take(uid_t uid, gid_t gid, struct ipc_identity *ret_old)
{
	int err;

	*ret_old = (struct ipc_identity){ .uid = geteuid(), .gid = getegid() };
	if (uid == ret_old->uid && gid == ret_old->gid)
		return 0;
	if (prctl(PR_GET_PDEATHSIG, &ret_old->death_signal) < 0)
		return fail_errno("PR_GET_PDEATHSIG");
	ret_old->is_other = true;
	err = change(uid, gid, false, ret_old->death_signal);
	if (!err)
		return 0;
	warn("the creator becomes root: this task may not be user %u and group %u", uid, gid);
	return ipc_identity_back(ret_old);
}

int ipc_identity_back(const struct ipc_identity *old)
{
	if (old->is_other && change(old->uid, old->gid, true, old->death_signal))
		return fail_errno("become user %u and group %u again", old->uid, old->gid);
	return 0;
}

int ipc_perm_make(const IpcDescEntry *e, int next, int (*get)(const void *rec), const void *rec)
{
	struct ipc_identity old;
	int id, err = ipc_next_id(next, e->id) ?: ipc_identity_take(e->cuid, e->cgid, &old);

	if (err)
		return err;
	id = get(rec);
	err = ipc_identity_back(&old);
	if (id < 0 || err)
		return id < 0 ? id : err;
	if ((uint32_t)id != e->id)
		return fail(EEXIST, "got id %d instead of %u: that one is in use, or this kernel counts ids otherwise "
			    "(ipcmni_extend)", id, e->id);
	return 0;
}
