/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ghosts from the images, and as files again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/ghost.h"
#include "file/path.h"
#include "file/where.h"
#include "image/dir.h"

static int load_chunks(struct model *m, struct image_in *in, struct ghost *g)
{
	GhostChunkEntry *c;
	int got;

	while ((got = image_next_as(in, &ghost_chunk_entry__descriptor, &c)) > 0) {
		struct ghost_chunk chunk = { .off = c->off, .len = c->len };
		int err;

		if (c->off > g->size || c->len > g->size - c->off)
			return image_bad(in, "chunk %" PRIu64 "+%" PRIu64 " lies outside of a file of %" PRIu64
					 " bytes", c->off, c->len, g->size);
		err = image_raw(in, c->len, &chunk.data);
		if (err)
			return err;
		vec_push(&m->arena, &g->chunks, chunk);
	}
	return got;
}

static int check_ghost(struct image_in *in, const GhostFileEntry *e)
{
	switch (e->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (!e->has_rdev)
			return image_bad(in, "is a device without a number");
		break;
	case S_IFLNK:
		if (!e->symlnk_target || !*e->symlnk_target)
			return image_bad(in, "is a symbolic link without a target");
		break;
	default:
		return image_bad(in, "has mode 0%o, which is no kind of file", e->mode);
	}
	if ((e->atim && e->atim->tv_usec >= 1000000) || (e->mtim && e->mtim->tv_usec >= 1000000))
		return image_bad(in, "has a time with more than a second of microseconds");
	if (e->size > INT64_MAX)
		return image_bad(in, "is of %" PRIu64 " bytes", e->size);
	return 0;
}

static int load_content(struct model *m, struct image_in *in, struct ghost *g)
{
	struct ghost_chunk all = { .len = in->len - in->pos };
	int err;

	if (!S_ISREG(g->entry->mode))
		return 0;
	if (g->entry->chunks) {
		g->size = g->entry->size;
		return load_chunks(m, in, g);
	}
	g->size = all.len;
	err = image_raw(in, all.len, &all.data);
	if (!err && all.len)
		vec_push(&m->arena, &g->chunks, all);
	return err;
}

int ghost_load(struct model *m, int img_dir, uint32_t id)
{
	struct paths *p = paths_of(m);
	struct ghost g = { .id = id, .fd = -1 };
	struct image_in in;
	int got, err;

	for (size_t i = 0; i < p->ghosts.n; i++)
		if (p->ghosts.v[i].id == id)
			return 0;
	err = image_in_open(&in, &m->arena, img_dir, IMG_GHOST_FILE, id);
	if (err)
		return err;
	if (!in.exists)
		return fail(ENOENT, "image %s is missing", in.name);
	got = image_next(&in, &g.entry);
	if (got <= 0)
		return got < 0 ? got : image_bad(&in, "is missing");
	err = check_ghost(&in, g.entry);
	if (!err)
		err = load_content(m, &in, &g);
	if (err)
		return err;
	vec_push(&m->arena, &p->ghosts, g);
	return 0;
}

int ghosts_load(struct model *m, int img_dir)
{
	int err = 0;

	for (size_t i = 0; i < m->remaps.n && !err; i++) {
		const RemapFilePathEntry *e = m->remaps.v[i];

		if (e->remap_type == REMAP_TYPE__GHOST) {
			err = ghost_load(m, img_dir, e->remap_id);
		} else if (e->remap_type == REMAP_TYPE__LINKED) {
			if (!where_entry(m, e->remap_id))
				err = fail(EINVAL, "file %u is found through file %u, which has no path", e->orig_id,
					   e->remap_id);
		} else {
			err = fail(EOPNOTSUPP, "file %u is in /proc of a process that had ended: not supported",
				   e->orig_id);
		}
	}
	return err;
}

/* --- as files again -------------------------------------------------------------------------------------- */

static int write_chunk(int fd, const struct ghost_chunk *c)
{
	uint64_t done = 0;

	while (done < c->len) {
		ssize_t n = pwrite(fd, (const char *)c->data + done, c->len - done, c->off + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("write a deleted file");
		done += n;
	}
	return 0;
}

static void times_of(const GhostFileEntry *e, struct timespec ret[2])
{
	const Timeval *t[2] = { e->atim, e->mtim };

	for (int i = 0; i < 2; i++) {
		ret[i].tv_sec = t[i] ? t[i]->tv_sec : 0;
		ret[i].tv_nsec = t[i] ? t[i]->tv_usec * 1000 : UTIME_OMIT;
	}
}

int ghost_fill(const struct ghost *g, int fd)
{
	const GhostFileEntry *e = g->entry;
	struct timespec times[2];

	times_of(e, times);
	for (size_t i = 0; i < g->chunks.n; i++) {
		int err = write_chunk(fd, &g->chunks.v[i]);

		if (err)
			return err;
	}
	/* The mode behind the owner, since a change of owner clears set-user-id. */
	if ((S_ISREG(e->mode) && ftruncate(fd, g->size) < 0) || fchown(fd, e->uid, e->gid) < 0 ||
	    fchmod(fd, e->mode & 07777) < 0 || futimens(fd, times) < 0)
		return fail_errno("set size, owner, mode and times of a deleted file");
	return 0;
}

static int create_regular(const struct ghost *g, const char *path)
{
	auto_fd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail_errno("create %s", path);
	return ghost_fill(g, fd);
}

static int create_node(const GhostFileEntry *e, const char *path)
{
	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		return mkdir(path, 0700);
	case S_IFLNK:
		return symlink(e->symlnk_target, path);
	default:
		return mknod(path, (e->mode & S_IFMT) | 0600, e->rdev);
	}
}

int ghost_create(const struct ghost *g, const char *path)
{
	const GhostFileEntry *e = g->entry;
	struct timespec times[2];

	if (S_ISREG(e->mode))
		return create_regular(g, path);
	times_of(e, times);
	if (create_node(e, path) < 0)
		return fail_errno("create %s", path);
	if (lchown(path, e->uid, e->gid) < 0 || (!S_ISLNK(e->mode) && chmod(path, e->mode & 07777) < 0) ||
	    utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno("set owner, mode and times of %s", path);
	return 0;
}
