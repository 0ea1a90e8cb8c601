/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPC namespaces: their limits, and one kind of object after another (criu/ipc/). */
#include "base/log.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/sysctl.h"
#include "ipc/undo.h"
#include "ns/kind.h"
#include "run/dump.h"
#include "run/restore.h"

/* Segments first: they are large, and the others need no memory worth naming. */
static const struct ipc_kind *const kinds[] = { &ipc_shm_kind, &ipc_msg_kind, &ipc_sem_kind, &ipc_mqueue_kind };

static struct ipc_ns *ipc_ns_new(struct arena *a, struct ns *ns)
{
	struct ipc_ns *n = arena_new(a, struct ipc_ns);

	n->ns = ns;
	ns->data = n;
	return n;
}

static int scan_inside_ns(struct dump *d, void *ns)
{
	int err = ipc_sysctls_scan(d, ns);

	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		err = kinds[i]->scan(d, ns);
	return err ?: ipc_undo_scan(d, ns);
}

static int ipc_scan(struct dump *d, struct ns *ns)
{
	return ns_inside(d, ns, scan_inside_ns, ipc_ns_new(&d->m.arena, ns));
}

static int save_inside_ns(struct dump *d, void *arg)
{
	struct ipc_ns *ns = arg;
	int err = image_write_one(d->img_dir, IMG_IPC_VAR, ns->ns->id, &ns->var->base);

	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		err = kinds[i]->save(d, ns);
	return err;
}

static int ipc_save(struct dump *d, struct ns *ns)
{
	return ns_inside(d, ns, save_inside_ns, ns->data);
}

static int ipc_load(struct restore *r, struct ns *ns)
{
	struct ipc_ns *n = ipc_ns_new(&r->m.arena, ns);
	int err = ipc_sysctls_load(r, n);

	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		err = kinds[i]->load(r, n);
	return err;
}

static int ipc_make(struct restore *r, struct ns *ns)
{
	struct ipc_ns *n = ns->data;
	int err = 0;

	ipc_sysctls_widen(n);
	for (size_t i = 0; i < array_size(kinds) && !err; i++)
		err = kinds[i]->make(r, n);
	return err ?: ipc_sysctls_make(r, n);
}

static int ipc_joined(struct restore *r not_used, const struct ns *ns, const struct task *t)
{
	return ipc_undo_make(ns->data, t);
}

const struct ns_kind ipc_ns_kind = {
	.scan_own = ipc_undo_scan_own,
	.scan = ipc_scan,
	.save = ipc_save,
	.load = ipc_load,
	.make = ipc_make,
	.joined = ipc_joined,
};
