/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that have lost their last name: the image keeps their content. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/ghost.h"
#include "file/path.h"
#include "file/places.h"
#include "image/dir.h"
#include "ns/user.h"
#include "options.h"
#include "run/dump.h"

/* Smaller files follow their record as they are; larger ones in chunks, so that holes stay holes. */
enum { PLAIN_BYTES = 12288 };

void remap_add(struct model *m, uint32_t file_id, uint32_t remap_id, RemapType type)
{
	RemapFilePathEntry *e = arena_msg(&m->arena, RemapFilePathEntry, remap_file_path_entry__init);

	e->orig_id = file_id;
	e->remap_id = remap_id;
	e->has_remap_type = true;
	e->remap_type = type;
	vec_push(&m->arena, &m->remaps, e);
}

static Timeval *time_record(struct arena *a, const struct timespec *t)
{
	Timeval *v = arena_msg(a, Timeval, timeval__init);

	v->tv_sec = t->tv_sec;
	v->tv_usec = t->tv_nsec / 1000;
	return v;
}

static GhostFileEntry *describe(struct model *m, const struct stat *st)
{
	struct arena *a = &m->arena;
	GhostFileEntry *e = arena_msg(a, GhostFileEntry, ghost_file_entry__init);

	e->uid = user_uid_inside(m, NULL, st->st_uid);
	e->gid = user_gid_inside(m, NULL, st->st_gid);
	e->mode = st->st_mode;
	e->has_dev = e->has_ino = true;
	e->dev = major(st->st_dev) << 20 | minor(st->st_dev);
	e->ino = st->st_ino;
	e->has_rdev = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
	e->rdev = e->has_rdev ? st->st_rdev : 0;
	e->atim = time_record(a, &st->st_atim);
	e->mtim = time_record(a, &st->st_mtim);
	return e;
}

static int read_target(struct dump *d, int fd, const char *name, GhostFileEntry *e)
{
	char target[PATH_MAX];
	ssize_t len;

	if (!S_ISLNK(e->mode))
		return 0;
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	if (len < 0)
		return fail_errno("read deleted link %s", name);
	target[len] = 0;
	e->symlnk_target = arena_strdup(&d->m.arena, target);
	return 0;
}

int ghost_add(struct dump *d, int fd, const struct stat *st, const char *name, uint32_t *ret_id)
{
	struct paths *p = paths_of(&d->m);
	struct ghost g = { .id = p->ghosts.n + 1, .st = *st, .fd = -1 };
	uint64_t used = st->st_blocks * 512ULL;
	int err;

	*ret_id = 0;
	for (size_t i = 0; i < p->ghosts.n; i++) {
		if (p->ghosts.v[i].st.st_dev == st->st_dev && p->ghosts.v[i].st.st_ino == st->st_ino) {
			*ret_id = p->ghosts.v[i].id;
			return 0;
		}
	}
	if (S_ISREG(st->st_mode) && used > d->opt->ghost_limit) {
		refuse(&d->refusals, REFUSE_FILE_GHOST_LIMIT,
		       "deleted file %s takes %" PRIu64 " bytes on disk, the limit is %" PRIu64, name, used,
		       d->opt->ghost_limit);
		return 0;
	}
	g.entry = describe(&d->m, st);
	err = read_target(d, fd, name, g.entry);
	if (err)
		return err;
	/* Read later, when all is known to be well. */
	g.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (g.fd < 0)
		return fail_errno("keep deleted file %s", name);
	vec_push(&d->m.arena, &p->ghosts, g);
	*ret_id = g.id;
	return 0;
}

int ghost_scan(struct dump *d, const struct file_facts *f, const char *name)
{
	uint32_t id;
	int err = ghost_add(d, f->copy, &f->st, name, &id);

	if (!err && id)
		remap_add(&d->m, f->id, id, REMAP_TYPE__GHOST);
	return err;
}

void ghosts_release(struct dump *d)
{
	struct paths *p = paths_of(&d->m);

	for (size_t i = 0; i < p->ghosts.n; i++) {
		own_close_fd(&p->ghosts.v[i].fd);
		p->ghosts.v[i].fd = -1;
	}
}

/* --- save ------------------------------------------------------------------------------------------------ */

static int copy_range(int to, int from, off_t off, off_t end)
{
	while (off < end) {
		ssize_t n = sendfile(to, from, &off, end - off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("copy %" PRId64 " bytes of a deleted file", (int64_t)(end - off));
		if (!n)
			return fail(EAGAIN, "a deleted file shrinks while it is saved");
	}
	return 0;
}

static int put_chunk(int to, int from, off_t off, off_t end)
{
	GhostChunkEntry c = GHOST_CHUNK_ENTRY__INIT;
	uint8_t frame[64];
	uint32_t len;

	c.off = off;
	c.len = end - off;
	len = ghost_chunk_entry__pack(&c, frame + sizeof(len));
	memcpy(frame, &len, sizeof(len));
	if (write(to, frame, sizeof(len) + len) != (ssize_t)(sizeof(len) + len))
		return fail_errno("write the image of a deleted file");
	return copy_range(to, from, off, end);
}

static int put_chunks(int to, int from, off_t size)
{
	off_t off = 0, end = 0;
	int err = 0;

	while (!err && off < size) {
		off = lseek(from, end, SEEK_DATA);
		if (off < 0 && errno == ENXIO)
			return 0;	/* a hole up to the end */
		end = off < 0 ? off : lseek(from, off, SEEK_HOLE);
		if (end < 0)
			return fail_errno("look for holes");
		err = put_chunk(to, from, off, min(end, size));
		off = end;
	}
	return err;
}

static int save_content(struct dump *d, const struct ghost *g, const char *image)
{
	auto_fd int from = -1, to = -1;
	int err;

	err = file_reopen(g->fd, O_RDONLY, &from);
	if (err)
		return fail_with(err, "read a deleted file");
	/* Not O_APPEND: sendfile refuses that. */
	to = openat(d->img_dir, image, O_WRONLY | O_CLOEXEC);
	if (to < 0 || lseek(to, 0, SEEK_END) < 0)
		return fail_errno("write image %s", image);
	return g->entry->chunks ? put_chunks(to, from, g->entry->size) : copy_range(to, from, 0, g->st.st_size);
}

static int save_ghost(struct dump *d, const struct ghost *g)
{
	GhostFileEntry *e = g->entry;
	char image[64];
	int err;

	if (S_ISREG(e->mode) && g->st.st_size >= PLAIN_BYTES) {
		e->has_chunks = e->chunks = true;
		e->has_size = true;
		e->size = g->st.st_size;
	}
	err = image_write_one(d->img_dir, IMG_GHOST_FILE, g->id, &e->base);
	if (err || !S_ISREG(e->mode))
		return err;
	image_name(IMG_GHOST_FILE, g->id, image, sizeof(image));
	return save_content(d, g, image);
}

int ghosts_save(struct dump *d)
{
	struct paths *p = paths_of(&d->m);
	int err = 0;

	for (size_t i = 0; i < p->ghosts.n && !err; i++)
		err = save_ghost(d, &p->ghosts.v[i]);
	return err;
}
