/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.img, fdinfo-N.img and remap-fpath.img, and what kinds keep beside them. */
#include "base/log.h"
#include "file/files.h"
#include "file/kinds.h"
#include "file/locks.h"
#include "image/dir.h"
#include "run/dump.h"

static int save_files(struct dump *d)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_FILES, 0);
	for (size_t i = 0; i < d->m.files.n; i++)
		image_put(&o, &d->m.files.v[i].entry->base);
	return image_out_close(&o);
}

static int save_table(struct dump *d, const struct fd_table *t)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_FDINFO, t->id);
	for (size_t i = 0; i < t->fds.n; i++)
		image_put(&o, &t->fds.v[i]->base);
	return image_out_close(&o);
}

static int save_remaps(struct dump *d)
{
	struct image_out o;

	image_out_open(&o, d->img_dir, IMG_REMAP_FPATH, 0);
	for (size_t i = 0; i < d->m.remaps.n; i++)
		image_put(&o, &d->m.remaps.v[i]->base);
	return image_out_close(&o);
}

int files_save(struct dump *d)
{
	int err = save_files(d);

	for (size_t i = 0; i < d->m.fd_tables.n && !err; i++)
		err = save_table(d, d->m.fd_tables.v[i]);
	if (!err)
		err = save_remaps(d);
	if (!err)
		err = locks_save(d);
	for (size_t i = 0; i < n_file_kinds && !err; i++)
		if (file_kinds[i]->save)
			err = file_kinds[i]->save(d);
	return err;
}
