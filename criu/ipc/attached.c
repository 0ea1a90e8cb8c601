/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a System V segment attached: counted while dumping, attached again while restoring. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include "base/log.h"
#include "ipc/attached.h"
#include "ipc/ipc.h"
#include "mem/hole.h"
#include "ns/ns.h"
#include "run/dump.h"
#include "run/restore.h"

static struct ipc_segment *find_segment(const struct model *m, const struct task *t, uint64_t id)
{
	const struct ns *ns = ns_of(m, t, NS_IPC);
	struct ipc_ns *n = ns ? ns->data : NULL;

	for (size_t i = 0; n && i < n->segments.n; i++)
		if (n->segments.v[i].entry->desc->id == id)
			return &n->segments.v[i];
	return NULL;
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

bool ipc_count_attached(struct dump *d, const struct task *t, uint64_t id)
{
	struct ipc_segment *s = find_segment(&d->m, t, id);

	if (s)
		s->n_found++;
	return s;
}

static void refuse_outside(struct dump *d, const struct ipc_segment *s)
{
	IN_SCOPE("shared memory", s->entry->desc->id);

	if (s->n_found != s->n_attached)
		refuse(&d->refusals, REFUSE_IPC_SHM, "%" PRId64 " mappings of it are not in processes of the tree that are "
		       "in its namespace", (int64_t)(s->n_attached - s->n_found));
}

/* The kernel counts mappings: a segment of which a part has another protection, or a hole, counts more than once. */
void ipc_refuse_attached(struct dump *d)
{
	for (size_t k = 0; k < d->m.namespaces.n; k++) {
		const struct ns *ns = d->m.namespaces.v[k];
		const struct ipc_ns *n = ns->type == NS_IPC ? ns->data : NULL;

		for (size_t i = 0; n && i < n->segments.n; i++)
			refuse_outside(d, &n->segments.v[i]);
	}
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int find_place(struct restore *r, const struct task *t, uint64_t size, uint64_t *ret_addr)
{
	struct vma_list own = { 0 };
	struct taken k = { 0 };
	int err = own_vmas(&r->m.arena, &own);

	if (err)
		return err;
	taken_add_vmas(&r->m.arena, &k, &own);
	taken_add_task(&r->m.arena, &k, t);
	return hole_find(&k, HOLE_PREMAP, size, ret_addr);
}

static int cut(uint64_t start, uint64_t end)
{
	return start < end && munmap((void *)start, end - start) < 0 ? fail_errno("cut a segment") : 0;
}

/* A namespace that the tree joins (--join-ns) has segments of its own. */
static int check_same(const struct ipc_segment *s)
{
	int id = s->entry->desc->id;
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds) < 0)
		return fail_errno("look at System V segment %d", id);
	if (ds.shm_segsz != s->entry->size || ds.shm_perm.__key != (key_t)s->entry->desc->key)
		return fail(EINVAL, "System V segment %d of this IPC namespace is another one than the tree had", id);
	return 0;
}

static int attach_at(const struct ipc_segment *s, uint64_t addr, bool is_writable)
{
	int id = s->entry->desc->id;

	if (shmat(id, (void *)addr, is_writable ? 0 : SHM_RDONLY) == (void *)-1)
		return fail_errno("attach System V segment %d", id);
	if (s->entry->desc->mode & SHM_DEST && shmctl(id, IPC_RMID, NULL) < 0)
		return fail_errno("remove System V segment %d, as it was", id);
	return 0;
}

int ipc_attach(struct restore *r, const struct task *t, const VmaEntry *v, uint64_t *ret_addr)
{
	const struct ipc_segment *s = find_segment(&r->m, t, v->shmid);
	uint64_t len = v->end - v->start, size = s ? align_up(s->entry->size, (uint64_t)PAGE_SIZE) : 0, at;
	bool is_writable = v->has_fdflags ? (v->fdflags & O_ACCMODE) != O_RDONLY : v->prot & PROT_WRITE;
	int err;

	if (!s)
		return fail(EINVAL, "mm-%d.img: mapping %" PRIx64 " is of System V segment %" PRIu64 ", which is not in "
			    "the images of its IPC namespace", leader(t)->pid, v->start, v->shmid);
	if (v->pgoff >= size || len > size - v->pgoff)
		return fail(EINVAL, "mm-%d.img: mapping %" PRIx64 " goes beyond the end of System V segment %" PRIu64,
			    leader(t)->pid, v->start, v->shmid);
	err = check_same(s) ?: find_place(r, t, size, &at);
	if (!err)
		err = attach_at(s, at, is_writable);
	if (!err)
		err = cut(at, at + v->pgoff);
	if (!err)
		err = cut(at + v->pgoff + len, at + size);
	*ret_addr = at + v->pgoff;
	return err;
}
