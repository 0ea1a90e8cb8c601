/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pipes: both ends, any number of descriptions of each, made together in one task. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/kind.h"
#include "file/places.h"
#include "file/queue.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

static const struct file_kind *self(void)
{
	return file_kind_by_type(FD_TYPES__PIPE);
}

static int pipe_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	PipeEntry *e = rec;

	e->pipe_id = f->st.st_ino;
	return pipe_queue_scan(d, pipe_queue_of(&d->m, self(), e->pipe_id), f->copy, f->flags);
}

static void pipe_refuse(struct dump *d, const struct file_facts *f not_used, const void *rec)
{
	const PipeEntry *e = rec;
	const struct pipe_queue *q = pipe_queue_of(&d->m, self(), e->pipe_id);

	if (d->opt->plain_images && !(e->flags & O_PATH) && (e->flags & O_DIRECT || q->entry->n_packets))
		refuse(&d->refusals, REFUSE_FILE_UNSUPPORTED,
		       "pipe in packet mode, which plain images cannot say (dump without --plain-images)");
}

static bool is_external(struct dump *d, uint32_t pipe_id)
{
	char key[32];

	snprintf(key, sizeof(key), "%u", pipe_id);
	return option_value(&d->opt->external, "pipe:", key) || option_value(&d->opt->external, "pipe", key);
}

/*
 * A pipe whose other end somebody else has can only be given back by the one who restores. Engines do so without being
 * told, as they made the pipes of their containers; a user at the command line says that he will.
 */
static int pipe_scan_peers(struct dump *d, const struct task *t not_used, int fd not_used, void *rec)
{
	PipeEntry *e = rec;
	struct pipe_queue *q = pipe_queue_of(&d->m, self(), e->pipe_id);
	bool outside_writer = q->has_reader && !q->has_writer && !q->is_hung_up;
	bool outside_reader = q->has_writer && !q->has_reader && !q->is_broken;

	if (!outside_writer && !outside_reader)
		return 0;
	if (d->opt->client || is_external(d, e->pipe_id)) {
		e->has_is_peer_outside = e->is_peer_outside = !d->opt->plain_images;
		info("the %s of pipe:[%u] is outside the tree", outside_writer ? "writer" : "reader", e->pipe_id);
		return 0;
	}
	if (q->is_refused)
		return 0;
	q->is_refused = true;
	refuse(&d->refusals, REFUSE_FILE_PEER, "the %s of pipe:[%u] is outside the tree",
	       outside_writer ? "writer" : "reader", e->pipe_id);
	return 0;
}

static void pipe_release_dump(struct dump *d)
{
	pipe_queues_release(d, self());
}

static int pipe_save(struct dump *d)
{
	return pipe_queues_save(d, self(), IMG_PIPES_DATA);
}

static int pipe_load(struct model *m, int img_dir)
{
	return pipe_queues_load(m, self(), img_dir, IMG_PIPES_DATA);
}

static int pipe_check(const void *rec)
{
	const PipeEntry *e = rec;

	if ((e->flags & O_ACCMODE) == O_ACCMODE)
		return fail(EINVAL, "pipe %u is open for nothing (flags 0%o)", e->pipe_id, e->flags);
	return 0;
}

static uint64_t pipe_group(const void *rec)
{
	return ((const PipeEntry *)rec)->pipe_id;
}

/* The same pipe once more; what is no pipe after all (a socket) only as the same description. */
static int open_inherited(const struct pipe_queue *q, const PipeEntry *e, int from, int *ret_fd)
{
	auto_fd int writer = -1;
	int err = file_reopen(from, e->flags & (O_ACCMODE | O_NONBLOCK), ret_fd);

	if (err == -ENXIO || err == -EACCES) {
		*ret_fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
		err = *ret_fd < 0 ? -errno : 0;
	}
	if (err)
		return fail_with(err, "open the inherited pipe:[%u]", e->pipe_id);
	if (!q->entry->bytes || q->made_id)
		return 0;
	err = file_reopen(from, O_WRONLY | O_NONBLOCK, &writer);
	return err ? fail_with(err, "fill the inherited pipe:[%u]", e->pipe_id) : pipe_queue_fill(q, writer);
}

/* Both ends at once, with what is in it, while the other end is sure to be there. */
static int make_both(struct restore *r, struct pipe_queue *q)
{
	int end[2], err;

	/* Not blocking: what does not fit is an error. The family sets the flags of each end. */
	if (pipe2(end, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail_errno("pipe");
	err = pipe_queue_fill(q, end[1]);
	for (int i = 0; i < 2; i++) {
		if (!err)
			err = fd_keep(r, &end[i], &q->spare[i]);
		own_close_fd(&end[i]);
	}
	return err;
}

static int pipe_make(struct restore *r, const void *rec, int *ret_fd)
{
	const PipeEntry *e = rec;
	struct pipe_queue *q = pipe_queue_of(&r->m, self(), e->pipe_id);
	unsigned int end = (e->flags & O_ACCMODE) == O_WRONLY;
	int from, err = 0;
	char key[32];

	snprintf(key, sizeof(key), "pipe:[%u]", e->pipe_id);
	from = inherited_find(r, key);
	if (from >= 0) {
		err = open_inherited(q, e, from, ret_fd);
		q->made_id = e->id;
		return err;
	}
	if (e->is_peer_outside)
		return fail(ENOENT, "the other end of pipe:[%u] was outside the tree: hand the pipe over with --inherit-fd "
			    "fd[NUMBER]:pipe:[%u]", e->pipe_id, e->pipe_id);
	if (!q->made_id) {
		err = make_both(r, q);
		if (err)
			return err;
		q->made_id = e->id;
	}
	if ((e->flags & O_ACCMODE) != O_RDWR && !(e->flags & O_PATH) && q->spare[end] >= 0) {
		*ret_fd = take_fd(&q->spare[end]);
		return 0;
	}
	/* One more description of an end: through the spare ones or one that is in place. */
	from = q->spare[0] >= 0 ? q->spare[0] : q->spare[1] >= 0 ? q->spare[1] : file_place(r, q->made_id);
	err = file_reopen(from, e->flags & (O_ACCMODE | O_PATH), ret_fd);
	return err ? fail_with(err, "open pipe %u again", e->pipe_id) : 0;
}

const struct file_kind pipe_kind = {
	.name = "pipe",
	.type = FD_TYPES__PIPE,
	.record = &pipe_entry__descriptor,
	.sign = { .format = S_IFIFO, .link_prefix = "pipe:[" },
	.scan = pipe_scan,
	.refuse = pipe_refuse,
	.scan_peers = pipe_scan_peers,
	.release_dump = pipe_release_dump,
	.save = pipe_save,
	.load = pipe_load,
	.check = pipe_check,
	.group = pipe_group,
	.make = pipe_make,
};
