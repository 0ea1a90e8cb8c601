/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System V semaphores. No call sets the process that was the last to change a value, nor the times. What processes have
 * to undo at their end is ipc/undo.c's.
 */
#include <inttypes.h>
#include <sys/sem.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/perm.h"
#include "ipc/sysctl.h"
#include "ipc/undo.h"
#include "ns/ns.h"
#include "run/dump.h"
#include "run/restore.h"

enum { MAX_VALUE = 32767, PADDING = 8 };	/* SEMVMX */

union arg {				/* semctl(2): the caller has to define it */
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int scan_set(struct dump *d, struct ipc_ns *ns, int id, const struct semid_ds *ds)
{
	IN_SCOPE("semaphores", id);
	struct ipc_set set = { .entry = arena_msg(&d->m.arena, IpcSemEntry, ipc_sem_entry__init) };
	unsigned short *values = arena_array(&d->m.arena, unsigned short, ds->sem_nsems + PADDING);

	set.entry->desc = ipc_perm_scan(d, ns, &ds->sem_perm, id);
	set.entry->nsems = ds->sem_nsems;
	if (semctl(id, 0, GETALL, (union arg){ .array = values }) < 0)
		return fail_errno("read the values");
	set.values = values;
	vec_push(&d->m.arena, &ns->sets, set);
	return 0;
}

static int ipc_sem_scan(struct dump *d, struct ipc_ns *ns)
{
	struct seminfo info;
	int last = semctl(0, 0, SEM_INFO, (union arg){ .info = &info });

	if (last < 0)
		return fail_errno("SEM_INFO");
	for (int i = 0; i <= last; i++) {
		struct semid_ds ds;
		int id = semctl(i, 0, SEM_STAT_ANY, (union arg){ .buf = &ds }), err;

		if (id < 0 && (errno == EINVAL || errno == EIDRM))
			continue;	/* nothing has this index */
		if (id < 0)
			return fail_errno("SEM_STAT_ANY %d", i);
		err = scan_set(d, ns, id, &ds);
		if (err)
			return err;
	}
	return 0;
}

static int ipc_sem_save(struct dump *d, struct ipc_ns *ns)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_IPCNS_SEM, ns->ns->id);
	for (size_t i = 0; i < ns->sets.n; i++) {
		const struct ipc_set *s = &ns->sets.v[i];

		image_put(&o, &s->entry->base);
		image_put_raw(&o, s->values, align_up(s->entry->nsems * sizeof(*s->values), PADDING));
	}
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int check_set(struct image_in *in, struct map *seen, struct ipc_set *s)
{
	uint32_t n = s->entry->nsems;
	const void *values;
	int err = ipc_perm_check(in, seen, s->entry->desc, 0);

	if (!err && (!n || n > INT32_MAX / PADDING))
		err = image_bad(in, "%u semaphores", n);
	if (!err)
		err = image_raw(in, align_up(n * sizeof(*s->values), PADDING), &values);
	if (err)
		return err;
	s->values = arena_memdup(in->arena, values, n * sizeof(*s->values));
	for (uint32_t i = 0; i < n; i++)
		if (s->values[i] > MAX_VALUE)
			return image_bad(in, "semaphore %u: impossible value %u", i, s->values[i]);
	return ipc_undo_check(in, s);
}

static int ipc_sem_load(struct restore *r, struct ipc_ns *ns)
{
	struct map seen = { 0 };
	struct ipc_set set;
	struct image_in in;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_IPCNS_SEM, ns->ns->id);

	if (got)
		return got;
	while ((got = image_next(&in, &set.entry)) > 0) {
		int err = check_set(&in, &seen, &set);

		if (err)
			return err;
		vec_push(&r->m.arena, &ns->sets, set);
	}
	return got ? got : ipc_undo_load(r, ns);
}

static int get_set(const void *rec)
{
	const IpcSemEntry *e = rec;
	int id = semget(e->desc->key, e->nsems, IPC_CREAT | IPC_EXCL | 0600);

	return id < 0 ? fail_errno("make %u semaphores with key 0x%x", e->nsems, e->desc->key) : id;
}

static int make_set(const struct ipc_set *s, int next)
{
	IN_SCOPE("semaphores", s->entry->desc->id);
	struct semid_ds ds = { 0 };
	int id = s->entry->desc->id, err = ipc_perm_make(s->entry->desc, next, get_set, s->entry);

	if (err)
		return err;
	if (semctl(id, 0, SETALL, (union arg){ .array = (unsigned short *)s->values }) < 0)
		return fail_errno("set the values");
	ipc_perm_fill(s->entry->desc, &ds.sem_perm);
	if (semctl(id, 0, IPC_SET, (union arg){ .buf = &ds }) < 0)
		return fail_errno("set owner %u:%u and mode %o", ds.sem_perm.uid, ds.sem_perm.gid, ds.sem_perm.mode);
	return 0;
}

static int ipc_sem_make(struct restore *r not_used, const struct ipc_ns *ns)
{
	auto_fd int next = ns->sets.n ? ipc_next_id_open("sem") : -1;
	int err = ns->sets.n ? min(next, 0) : 0;

	for (size_t i = 0; i < ns->sets.n && !err; i++)
		err = make_set(&ns->sets.v[i], next);
	return err;
}

const struct ipc_kind ipc_sem_kind = {
	.name = "semaphores",
	.scan = ipc_sem_scan,
	.save = ipc_sem_save,
	.load = ipc_sem_load,
	.make = ipc_sem_make,
};
