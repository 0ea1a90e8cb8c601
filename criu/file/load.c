/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.img, fdinfo-N.img and remap-fpath.img: every record is checked before anybody uses it. */
#include <inttypes.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/map.h"
#include "file/check.h"
#include "file/files.h"
#include "file/fown.h"
#include "file/kinds.h"
#include "file/locks.h"
#include "file/record.h"
#include "file/where.h"
#include "image/dir.h"

/* The most that fs.nr_open allows: a number above it cannot be a descriptor. */
enum { FD_LIMIT = 1 << 30 };

int file_entry_check(FileEntry *e, struct file *ret)
{
	const struct file_kind *kind = file_kind_by_type(e->type);
	uint32_t *id;
	FownEntry **own;
	int err;

	if (!kind)
		return fail(EOPNOTSUPP, "file %u has type %d, which this version cannot restore", e->id, e->type);
	*ret = (struct file){ .entry = e, .kind = kind, .rec = *record_slot(kind, e) };
	if (!ret->rec || record_slots_used(e) != 1)
		return fail(EINVAL, "file %u of type %s has not exactly one record of that type", e->id, kind->name);
	id = record_u32(kind, ret->rec, "id");
	if (!e->id || *id != e->id)
		return fail(EINVAL, "file %u has a record with id %u", e->id, *id);
	own = record_fown(kind, ret->rec);
	err = own ? fown_check(*own) : 0;
	if (!err && kind->check)
		err = kind->check(ret->rec);
	return err;
}

static int load_files(struct model *m, int img_dir)
{
	struct map seen = { 0 };
	struct image_in in;
	FileEntry *e;
	int got, err;

	err = image_in_open(&in, &m->arena, img_dir, IMG_FILES, 0);
	while (!err && (got = image_next(&in, &e)) > 0) {
		struct file f;

		IN_SCOPE("file", e->id);
		err = file_entry_check(e, &f);
		if (err)
			return err;
		if ((*map_at(&m->arena, &seen, e->id))++)
			return image_bad(&in, "id %u occurs twice", e->id);
		vec_push(&m->arena, &m->files, f);
	}
	return err ? err : got;
}

static int load_fd(struct model *m, struct image_in *in, struct fd_table *t, struct map *seen, FdinfoEntry *e)
{
	const struct file *f = model_file(m, e->id);

	if (e->fd >= FD_LIMIT)
		return image_bad(in, "%u is no descriptor number", e->fd);
	if ((*map_at(&m->arena, seen, e->fd))++)
		return image_bad(in, "descriptor %u occurs twice", e->fd);
	if (!f)
		return image_bad(in, "descriptor %u is file %u, which does not exist", e->fd, e->id);
	if (f->entry->type != e->type)
		return image_bad(in, "descriptor %u has type %d, its file %u type %d", e->fd, e->type, e->id,
				 f->entry->type);
	vec_push(&m->arena, &t->fds, e);
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	uint32_t x = (*(FdinfoEntry *const *)a)->fd, y = (*(FdinfoEntry *const *)b)->fd;

	return (x > y) - (x < y);
}

static int load_table(struct model *m, int img_dir, struct fd_table *t)
{
	struct map seen = { 0 };
	struct image_in in;
	FdinfoEntry *e;
	int got = 0, err;

	err = image_in_open(&in, &m->arena, img_dir, IMG_FDINFO, t->id);
	while (!err && (got = image_next(&in, &e)) > 0)
		err = load_fd(m, &in, t, &seen, e);
	if (t->fds.n)
		qsort(t->fds.v, t->fds.n, sizeof(t->fds.v[0]), compare_fds);
	return err ? err : got;
}

/* Tasks with the same files_id share one table, made by the first of them. */
static int load_tables(struct model *m, int img_dir)
{
	struct map by_id = { 0 };	/* to number + 1 */

	for (size_t i = 0; i < m->tasks.n; i++) {
		struct task *t = m->tasks.v[i];
		uint64_t *n;
		int err;

		if (!is_alive(t) || !t->ids)
			continue;
		n = map_at(&m->arena, &by_id, t->ids->files_id);
		if (!*n) {
			t->fds = arena_new(&m->arena, struct fd_table);
			t->fds->id = t->ids->files_id;
			t->fds->owner = t;
			vec_push(&m->arena, &m->fd_tables, t->fds);
			*n = m->fd_tables.n;
			err = load_table(m, img_dir, t->fds);
			if (err)
				return err;
		}
		t->fds = m->fd_tables.v[*n - 1];
	}
	return 0;
}

static int load_remaps(struct model *m, int img_dir)
{
	struct image_in in;
	RemapFilePathEntry *e;
	int got = 0, err;

	err = image_in_open(&in, &m->arena, img_dir, IMG_REMAP_FPATH, 0);
	while (!err && (got = image_next(&in, &e)) > 0) {
		if (!where_entry(m, e->orig_id))
			return image_bad(&in, "file %u has no path", e->orig_id);
		if (model_remap(m, e->orig_id))
			return image_bad(&in, "file %u occurs twice", e->orig_id);
		/* As old images have it. */
		if (!e->has_remap_type) {
			e->has_remap_type = true;
			e->remap_type = e->remap_id >> 31 ? REMAP_TYPE__GHOST : REMAP_TYPE__LINKED;
			e->remap_id &= ~(1U << 31);
		}
		vec_push(&m->arena, &m->remaps, e);
	}
	return err ? err : got;
}

int files_load(struct model *m, int img_dir)
{
	int err = load_files(m, img_dir);

	if (!err)
		err = load_tables(m, img_dir);
	if (!err)
		err = load_remaps(m, img_dir);
	if (!err)
		err = locks_load(m, img_dir);
	for (size_t i = 0; i < n_file_kinds && !err; i++)
		if (file_kinds[i]->load)
			err = file_kinds[i]->load(m, img_dir);
	return err;
}

int files_highest_fd(const struct model *m)
{
	int highest = -1;

	for (size_t i = 0; i < m->fd_tables.n; i++) {
		const struct fd_table *t = m->fd_tables.v[i];

		if (t->fds.n)
			highest = max(highest, (int)t->fds.v[t->fds.n - 1]->fd);
	}
	return highest;
}
