/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FIFOs: a path like a regular file's, and a queue like a pipe's. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/fown.h"
#include "file/kind.h"
#include "file/places.h"
#include "file/queue.h"
#include "file/record.h"
#include "file/scan.h"
#include "file/where.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

static const struct file_kind *self(void)
{
	return file_kind_by_type(FD_TYPES__FIFO);
}

static int fifo_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	struct file_facts path = *f;
	FifoEntry *e = rec;

	e->pipe_id = f->st.st_ino;
	e->has_regf_id = true;
	path.fdinfo = NULL;
	path.is_path_only = true;
	return file_add(d, file_kind_by_type(FD_TYPES__REG), &path, &e->regf_id) ?:
	       pipe_queue_scan(d, pipe_queue_of(&d->m, self(), e->pipe_id), f->copy, f->flags);
}

static void fifo_refuse(struct dump *d, const struct file_facts *f not_used, const void *rec)
{
	const FifoEntry *e = rec;

	if (d->opt->plain_images && pipe_queue_of(&d->m, self(), e->pipe_id)->entry->n_packets)
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED,
		       "FIFO that holds packets, which plain images cannot say (dump without --plain-images)");
}

static void fifo_release_dump(struct dump *d)
{
	pipe_queues_release(d, self());
}

static int fifo_save(struct dump *d)
{
	return pipe_queues_save(d, self(), IMG_FIFO_DATA);
}

static int fifo_load(struct model *m, int img_dir)
{
	for (size_t i = 0; i < m->files.n; i++) {
		const struct file *f = &m->files.v[i];
		const FifoEntry *e = f->rec;

		if (f->kind != self())
			continue;
		if (!where_entry(m, e->regf_id))
			return fail(EINVAL, "FIFO %u has its path in file %u, which is none", e->id, e->regf_id);
	}
	return pipe_queues_load(m, self(), img_dir, IMG_FIFO_DATA);
}

static uint64_t fifo_group(const void *rec)
{
	return ((const FifoEntry *)rec)->pipe_id;
}

static const RegFileEntry *path_of(const struct restore *r, const FifoEntry *e)
{
	return where_entry(&r->m, e->regf_id);
}

static int open_path(struct restore *r, const FifoEntry *e, uint32_t flags, int *ret_fd)
{
	RegFileEntry path = *path_of(r, e);

	path.flags = flags;
	return file_kind_by_type(FD_TYPES__REG)->make(r, &path, ret_fd);
}

static bool has_writer(const struct restore *r, uint32_t pipe_id)
{
	for (size_t i = 0; i < r->m.files.n; i++) {
		const struct file *f = &r->m.files.v[i];
		const FifoEntry *e = f->rec;

		if (f->kind == self() && e->pipe_id == pipe_id && path_of(r, e)->flags & O_ACCMODE)
			return true;
	}
	return false;
}

/* Both ends open, so that no open waits for the other and content has a place; closed when the task runs. */
static int hold_open(struct restore *r, const FifoEntry *e, struct pipe_queue *q)
{
	auto_fd int fd = -1;
	struct stat st;
	int there, err;

	err = open_path(r, e, O_RDWR | O_NONBLOCK, &fd);
	if (err)
		return err;
	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return fail(EINVAL, "%s is no FIFO", path_of(r, e)->name);
	if (ioctl(fd, FIONREAD, &there) < 0)
		return fail_errno("ask for what is in FIFO %s", path_of(r, e)->name);
	if (there && q->entry->bytes)
		return fail(EBUSY, "FIFO %s has %d bytes in it already: empty it first", path_of(r, e)->name, there);
	err = pipe_queue_fill(q, fd);
	return err ? err : fd_keep(r, &fd, &q->spare[0]);
}

static int fifo_make(struct restore *r, const void *rec, int *ret_fd)
{
	const FifoEntry *e = rec;
	uint32_t flags = path_of(r, e)->flags;
	struct pipe_queue *q = pipe_queue_of(&r->m, self(), e->pipe_id);
	/* A reader that never met a writer sees no hang-up; it must not meet us. */
	bool is_unmet = (flags & (O_ACCMODE | O_NONBLOCK)) == O_NONBLOCK && !q->entry->bytes &&
			!has_writer(r, e->pipe_id);
	int err;

	if (q->spare[0] < 0 && !is_unmet && !(flags & O_PATH)) {
		err = hold_open(r, e, q);
		if (err)
			return err;
	}
	return open_path(r, e, flags, ret_fd);
}

static int fifo_fill(struct restore *r, const struct task *t not_used, const void *rec, int fd)
{
	const RegFileEntry *path = path_of(r, rec);

	return path->flags & O_PATH ? 0 : fown_set(r, path->fown, fd);
}

const struct file_kind fifo_kind = {
	.name = "fifo",
	.type = FD_TYPES__FIFO,
	.record = &fifo_entry__descriptor,
	.sign = { .format = S_IFIFO, .link_prefix = "/" },
	.scan = fifo_scan,
	.refuse = fifo_refuse,
	.release_dump = fifo_release_dump,
	.save = fifo_save,
	.load = fifo_load,
	.group = fifo_group,
	.make = fifo_make,
	.fill = fifo_fill,
};
