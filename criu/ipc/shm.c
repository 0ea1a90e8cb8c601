/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System V shared memory. No call sets the processes that made it and attached it last, nor the times; and whether
 * swap was reserved for it cannot be seen.
 */
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "ipc/ipc.h"
#include "ipc/perm.h"
#include "ipc/shm.h"
#include "ipc/sysctl.h"
#include "ns/ns.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

#define MAX_SIZE (1ULL << 47)

/* --- dump ------------------------------------------------------------------------------------------------------ */

static void refuse_segment(struct dump *d, const struct ipc_ns *ns, const struct ipc_segment *s,
			   const struct shmid_ds *ds)
{
	/* To look inside is to attach it, and to let go of it would remove it. */
	if (ns->var->shm_rmid_forced && !ds->shm_nattch && !s->is_untouched)
		refuse(&d->refusals, REFUSE_IPC_SHM, "nobody has it attached, and kernel.shm_rmid_forced is on");
}

static void scan_segment(struct dump *d, struct ipc_ns *ns, int id, const struct shmid_ds *ds)
{
	IN_SCOPE("shared memory", id);
	struct ipc_segment s = { .entry = arena_msg(&d->m.arena, IpcShmEntry, ipc_shm_entry__init) };

	s.entry->desc = ipc_perm_scan(d, ns, &ds->shm_perm, id);
	s.entry->size = ds->shm_segsz;
	s.n_attached = ds->shm_nattch;
	s.entry->has_in_pagemaps = s.entry->in_pagemaps = true;
	s.is_untouched = ns->var->shm_rmid_forced && !ds->shm_nattch && !ds->shm_atime;
	/* Of the first namespace they are called as the format has it. No inode number is that large. */
	if (ns_first(&d->m, NS_IPC) != ns->ns) {
		s.entry->has_pages_id = true;
		s.entry->pages_id = (uint64_t)ns->ns->id << 32 | id;
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;
		if (d->opt->plain_images)
			refuse(&d->refusals, REFUSE_NS_NESTED,
			       "--plain-images has room for the segments of one namespace only");
	}
	refuse_segment(d, ns, &s, ds);
	vec_push(&d->m.arena, &ns->segments, s);
}

static int ipc_shm_scan(struct dump *d, struct ipc_ns *ns)
{
	struct shm_info info;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);

	if (last < 0)
		return fail_errno("SHM_INFO");
	for (int i = 0; i <= last; i++) {
		struct shmid_ds ds;
		int id = shmctl(i, SHM_STAT_ANY, &ds);

		if (id < 0 && (errno == EINVAL || errno == EIDRM))
			continue;	/* nothing has this index */
		if (id < 0)
			return fail_errno("SHM_STAT_ANY %d", i);
		scan_segment(d, ns, id, &ds);
	}
	return 0;
}

static int ipc_shm_save(struct dump *d, struct ipc_ns *ns)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_IPCNS_SHM, ns->ns->id);
	for (size_t i = 0; i < ns->segments.n; i++) {
		struct ipc_segment *s = &ns->segments.v[i];
		IN_SCOPE("shared memory", s->entry->desc->id);
		int err = ipc_shm_save_contents(d, s);

		if (err) {
			free(o.buf);
			return err;
		}
		image_put(&o, &s->entry->base);
	}
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int check_segment(const struct image_in *in, struct map *seen, const IpcShmEntry *e)
{
	if (!e->size || e->size > MAX_SIZE)
		return image_bad(in, "id %u: %" PRIu64 " bytes", e->desc->id, e->size);
	if (e->hugetlb_flag & ~(SHM_HUGETLB | (uint32_t)MAP_HUGE_MASK << MAP_HUGE_SHIFT))
		return image_bad(in, "id %u: impossible page size 0x%x", e->desc->id, e->hugetlb_flag);
	return ipc_perm_check(in, seen, e->desc, SHM_LOCKED | SHM_DEST);
}

static int load_segment(struct restore *r, struct image_in *in, struct map *seen, struct ipc_segment *s)
{
	IN_SCOPE("shared memory", s->entry->desc->id);
	struct shmem_run all = { .len = s->entry->size };
	int err = check_segment(in, seen, s->entry);
	const void *contents;

	if (err)
		return err;
	if (s->entry->in_pagemaps)
		return ipc_shm_load_contents(r, s);
	err = image_raw(in, align_up(s->entry->size, 4), &contents);	/* how older images have it */
	s->memory.contents = contents;
	vec_push(&r->m.arena, &s->memory.runs, all);
	return err;
}

static int ipc_shm_load(struct restore *r, struct ipc_ns *ns)
{
	struct map seen = { 0 };
	struct image_in in;
	IpcShmEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_IPCNS_SHM, ns->ns->id);

	if (got)
		return got;
	while ((got = image_next(&in, &e)) > 0) {
		struct ipc_segment s = { .entry = e };
		int err = load_segment(r, &in, &seen, &s);

		if (err)
			return err;
		vec_push(&r->m.arena, &ns->segments, s);
	}
	return got;
}

static int get_segment(const void *rec)
{
	const IpcShmEntry *e = rec;
	int flags = IPC_CREAT | IPC_EXCL | 0600 | e->hugetlb_flag;
	int id = shmget(e->desc->key, e->size, flags);

	/* More than this machine would promise, but it may have been made so. */
	if (id < 0 && errno == ENOMEM)
		id = shmget(e->desc->key, e->size, flags | SHM_NORESERVE);
	return id < 0 ? fail_errno("make a segment of %" PRIu64 " bytes with key 0x%x%s", e->size, e->desc->key,
				   e->hugetlb_flag ? " in huge pages" : "") : id;
}

static int make_segment(const struct ipc_segment *s, int next)
{
	IN_SCOPE("shared memory", s->entry->desc->id);
	struct shmid_ds ds = { 0 };
	int id = s->entry->desc->id, err = ipc_perm_make(s->entry->desc, next, get_segment, s->entry);

	if (!err && s->memory.runs.n)
		err = ipc_shm_fill(s);
	if (err)
		return err;
	ipc_perm_fill(s->entry->desc, &ds.shm_perm);
	if (s->entry->desc->mode & SHM_LOCKED && shmctl(id, SHM_LOCK, NULL) < 0)
		return fail_errno("lock it in memory");
	if (shmctl(id, IPC_SET, &ds) < 0)
		return fail_errno("set owner %u:%u and mode %o", ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.mode);
	return 0;
}

static int ipc_shm_make(struct restore *r not_used, const struct ipc_ns *ns)
{
	auto_fd int next = ns->segments.n ? ipc_next_id_open("shm") : -1;
	int err = ns->segments.n ? min(next, 0) : 0;

	for (size_t i = 0; i < ns->segments.n && !err; i++)
		err = make_segment(&ns->segments.v[i], next);
	return err;
}

const struct ipc_kind ipc_shm_kind = {
	.name = "shared memory",
	.scan = ipc_shm_scan,
	.save = ipc_shm_save,
	.load = ipc_shm_load,
	.make = ipc_shm_make,
};
