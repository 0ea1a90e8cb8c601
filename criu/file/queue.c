/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a pipe or FIFO: looked at with tee(2), which takes nothing out. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/places.h"
#include "file/queue.h"
#include "image/dir.h"
#include "run/dump.h"

struct pipe_queue *pipe_queue_of(struct model *m, const struct file_kind *kind, uint32_t pipe_id)
{
	void **data = file_kind_data(m, kind);
	struct pipe_queues *all = *data;
	struct pipe_queue *q;
	uint64_t *n;

	if (!all) {
		*data = all = arena_new(&m->arena, struct pipe_queues);
		all->scratch = (struct scratch_pipe){ .end = { -1, -1 } };
	}
	n = map_at(&m->arena, &all->by_id, pipe_id);
	if (*n)
		return all->list.v[*n - 1];
	q = arena_new(&m->arena, struct pipe_queue);
	q->scratch = &all->scratch;
	q->entry = arena_msg(&m->arena, PipeDataEntry, pipe_data_entry__init);
	q->entry->pipe_id = pipe_id;
	q->spare[0] = q->spare[1] = -1;
	vec_push(&m->arena, &all->list, q);
	*n = all->list.n;
	return q;
}

/* --- dump ------------------------------------------------------------------------------------------------ */

static void scratch_close(struct scratch_pipe *c)
{
	own_close_fd(&c->end[0]);
	own_close_fd(&c->end[1]);
	*c = (struct scratch_pipe){ .end = { -1, -1 } };
}

/* The same buffers as in the target's pipe. */
static int scratch_copy(struct scratch_pipe *c, int fd, const PipeDataEntry *e)
{
	ssize_t n;

	if (c->end[0] < 0 && pipe2(c->end, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail_errno("pipe");
	if (c->size < e->size && fcntl(c->end[1], F_SETPIPE_SZ, e->size) < 0)
		return fail_errno("make a pipe of %u bytes to look into the target's", e->size);
	c->size = max(c->size, e->size);
	n = tee(fd, c->end[1], e->bytes, SPLICE_F_NONBLOCK);
	if (n < 0)
		return fail_errno("look into pipe %u", e->pipe_id);
	if ((size_t)n != e->bytes)
		return fail(EAGAIN, "pipe %u has %u bytes, but %zd can be seen: somebody outside the tree uses it",
			    e->pipe_id, e->bytes, n);
	return 0;
}

/* A read stops behind a packet. One that takes all may have been one packet: then its rest is lost on a short read. */
static int is_one_packet(struct scratch_pipe *c, int fd, const PipeDataEntry *e)
{
	auto_free char *data = NULL;
	int left, err;

	if (e->bytes < 2)
		return 0;
	data = malloc(e->bytes);
	if (!data)
		return fail(ENOMEM, "look into pipe %u", e->pipe_id);
	err = scratch_copy(c, fd, e);
	if (err)
		return err;
	if (read(c->end[0], data, e->bytes - 1) < 0 || ioctl(c->end[0], FIONREAD, &left) < 0 ||
	    (left && read(c->end[0], data, left) != left))
		return fail_errno("look into pipe %u", e->pipe_id);
	return left == 0;
}

static int read_copy(struct arena *a, const struct scratch_pipe *c, PipeDataEntry *e, char *data)
{
	uint32_t done = 0;

	while (done < e->bytes) {
		ssize_t n = read(c->end[0], data + done, e->bytes - done);

		if (n <= 0)
			return fail_errno("read a copy of pipe %u", e->pipe_id);
		done += n;
		if (done < e->bytes || e->n_packets)
			pb_push(a, e->packets, e->n_packets, (uint32_t)n);
	}
	return 0;
}

static int read_queue(struct dump *d, struct pipe_queue *q, int fd)
{
	struct arena *a = &d->m.arena;
	PipeDataEntry *e = q->entry;
	char *data = arena_alloc(a, e->bytes);
	int err, one = 0;

	err = scratch_copy(q->scratch, fd, e);
	if (!err)
		err = read_copy(a, q->scratch, e, data);
	if (!err && !e->n_packets)
		err = one = is_one_packet(q->scratch, fd, e);
	if (err < 0) {
		scratch_close(q->scratch);	/* nobody knows what is in it */
		return err;
	}
	q->data = data;
	if (one > 0)
		pb_push(a, e->packets, e->n_packets, e->bytes);
	return 0;
}

/* Through whatever end there is; a write end is opened once more for reading, if nobody else could read. */
static int scan_content(struct dump *d, struct pipe_queue *q, int fd, bool is_reader)
{
	auto_fd int reader = -1;
	int size = fcntl(fd, F_GETPIPE_SZ), bytes, err;

	if (size < 0 || ioctl(fd, FIONREAD, &bytes) < 0)
		return fail_errno("ask for the size of a pipe");
	q->entry->has_size = true;
	q->entry->size = size;
	if (!is_reader && !q->is_broken)
		return 0;
	q->is_read = true;
	q->entry->bytes = bytes;
	if (!bytes)
		return 0;
	if (!is_reader) {
		err = file_reopen(fd, O_RDONLY | O_NONBLOCK, &reader);
		if (err)
			return fail_with(err, "open pipe %u for reading", q->entry->pipe_id);
	}
	return read_queue(d, q, is_reader ? fd : reader);
}

int pipe_queue_scan(struct dump *d, struct pipe_queue *q, int fd, uint32_t flags)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	uint32_t mode = flags & O_ACCMODE;

	if (flags & O_PATH)
		return 0;
	if (poll(&p, 1, 0) < 0)
		return fail_errno("poll");
	q->has_reader |= mode != O_WRONLY;
	q->has_writer |= mode != O_RDONLY;
	q->is_hung_up |= mode == O_RDONLY && p.revents & POLLHUP;
	q->is_broken |= mode == O_WRONLY && p.revents & POLLERR;
	return q->is_read ? 0 : scan_content(d, q, fd, mode != O_WRONLY);
}

void pipe_queues_release(struct dump *d, const struct file_kind *kind)
{
	struct pipe_queues *all = *file_kind_data(&d->m, kind);

	if (all)
		scratch_close(&all->scratch);
}

int pipe_queues_save(struct dump *d, const struct file_kind *kind, enum image_type type)
{
	const struct pipe_queues *all = *file_kind_data(&d->m, kind);
	struct image_out o;

	image_out_open(&o, d->img_dir, type, 0);
	for (size_t i = 0; all && i < all->list.n; i++) {
		const struct pipe_queue *q = all->list.v[i];

		if (!q->is_read)
			continue;
		if (q->entry->n_packets)	/* others would take them for a stream */
			d->m.inventory->img_version = IMG_VERSION_EXTENDED;
		image_put(&o, &q->entry->base);
		image_put_raw(&o, q->data, q->entry->bytes);
	}
	return image_out_close(&o);
}

/* --- restore --------------------------------------------------------------------------------------------- */

static int check_packets(struct image_in *in, const PipeDataEntry *e)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->n_packets; i++) {
		if (!e->packets[i])
			return image_bad(in, "has a packet of no bytes");
		sum += e->packets[i];
	}
	if (e->n_packets && sum != e->bytes)
		return image_bad(in, "has packets of %lu bytes, but %u bytes of payload", (unsigned long)sum, e->bytes);
	return 0;
}

int pipe_queues_load(struct model *m, const struct file_kind *kind, int img_dir, enum image_type type)
{
	struct image_in in;
	PipeDataEntry *e;
	int got = 0, err;

	err = image_in_open(&in, &m->arena, img_dir, type, 0);
	while (!err && (got = image_next(&in, &e)) > 0) {
		struct pipe_queue *q = pipe_queue_of(m, kind, e->pipe_id);

		if (q->is_read)
			return image_bad(&in, "pipe %u occurs twice", e->pipe_id);
		err = check_packets(&in, e);
		if (!err)
			err = image_raw(&in, e->bytes, &q->data);
		q->entry = e;
		q->is_read = true;
	}
	return err ? err : got;
}

static int write_piece(const PipeDataEntry *e, int fd, const char *data, size_t len)
{
	ssize_t n = write(fd, data, len);

	if (n < 0)
		return fail_errno("put %zu bytes into pipe %u", len, e->pipe_id);
	if ((size_t)n != len)
		return fail(ENOSPC, "only %zd of %zu bytes fit into pipe %u", n, len, e->pipe_id);
	return 0;
}

static int write_packets(const PipeDataEntry *e, int fd, const char *data)
{
	int flags = fcntl(fd, F_GETFL), err = 0;

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_DIRECT) < 0)
		return fail_errno("put pipe %u into packet mode", e->pipe_id);
	for (size_t i = 0; i < e->n_packets && !err; i++) {
		err = write_piece(e, fd, data, e->packets[i]);
		data += e->packets[i];
	}
	if (!err && fcntl(fd, F_SETFL, flags) < 0)
		return fail_errno("take pipe %u out of packet mode", e->pipe_id);
	return err;
}

int pipe_queue_fill(const struct pipe_queue *q, int fd)
{
	const PipeDataEntry *e = q->entry;

	if (e->has_size && e->size && fcntl(fd, F_GETPIPE_SZ) != (int)e->size && fcntl(fd, F_SETPIPE_SZ, e->size) < 0)
		return fail_errno("set size of pipe %u to %u (see fs.pipe-max-size)", e->pipe_id, e->size);
	if (!e->bytes)
		return 0;
	return e->n_packets ? write_packets(e, fd, q->data) : write_piece(e, fd, q->data, e->bytes);
}
