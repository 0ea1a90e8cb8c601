/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mounted somewhere lives on when its last name goes: a file that was bound and then replaced by an editor, a
 * directory that was removed. The image carries it as a ghost file. The kernel attaches nothing that has no name, so at
 * restore it gets one in its file system until all mounts are in place. In a file system that is not made anew the name
 * stands in the journal; a directory is refused there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/ghost.h"
#include "file/path.h"
#include "image/dir.h"
#include "mount/deleted.h"
#include "mount/external.h"
#include "mount/look.h"
#include "mount/set.h"
#include "options.h"
#include "run/dump.h"
#include "run/journal.h"
#include "run/restore.h"

/* --- dump ---------------------------------------------------------------------------------------------------------- */

static const char *why_not(const struct dump *d, const struct mnt *mnt, int fd, struct stat *st)
{
	if (fd < 0 || fstat(fd, st) < 0)
		return "and something covers it that cannot be taken off even in a copy";
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return "and is neither a file nor a directory";
	if (S_ISDIR(st->st_mode) && mnt->base && mnt->base->is_outside)
		return "and is a directory of a file system that is not made anew";
	if (mnt->base && mnt->base->owner->e->ext_key && streq(mnt->base->owner->e->ext_key, KEY_DEVICE))
		return "and is of a device that comes from outside";
	if (S_ISREG(st->st_mode) && st->st_size && d->opt->plain_images)
		return "and plain images cannot hold it (dump without --plain-images)";
	return NULL;
}

static int scan_one(struct dump *d, const struct mnt *mnt)
{
	MntEntry *e = mnt->e;
	auto_fd int fd = mount_open_covered(mnt, d->m.mounts->proc);
	struct stat st;
	const char *why = why_not(d, mnt, fd, &st);
	uint32_t id = 0;
	int err;

	if (why) {
		refuse(&d->refusals, REFUSE_MOUNT_DELETED, "what is mounted at %s was deleted (%s), %s", e->mountpoint,
		       e->root, why);
		return 0;
	}
	err = ghost_add(d, fd, &st, e->mountpoint, &id);
	e->has_ghost_id = id;
	e->ghost_id = id;
	if (S_ISREG(st.st_mode) && st.st_size)
		d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others would mount an empty one */
	return err;
}

int deleted_scan(struct dump *d, struct mnt_ns *ns)
{
	int err = 0;

	for (size_t i = 0; i < ns->mnts.n && !err; i++)
		if (ns->mnts.v[i]->e->deleted && !mnt_is_external(ns->mnts.v[i]->e))
			err = scan_one(d, ns->mnts.v[i]);
	return err;
}

/* --- restore ------------------------------------------------------------------------------------------------------- */

int deleted_load(struct restore *r)
{
	const struct mounts *m = &r->m.mounts->m;
	int err = 0;

	for (size_t i = 0; i < m->all.n && !err; i++)
		if (m->all.v[i]->e->has_ghost_id)
			err = ghost_load(&r->m, r->img_dir, m->all.v[i]->e->ghost_id);
	return err;
}

static const struct ghost *ghost_of(struct restore *r, const struct mnt *mnt)
{
	const struct paths *p = paths_of(&r->m);

	for (size_t i = 0; i < p->ghosts.n; i++)
		if (mnt->e->has_ghost_id && p->ghosts.v[i].id == mnt->e->ghost_id)
			return &p->ghosts.v[i];
	return NULL;
}

static int make_named(const struct ghost *g, int dir, const char *name)
{
	if (!S_ISDIR(g->entry->mode))
		return openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return mkdirat(dir, name, 0700) < 0 ? -1 : openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What a journal calls it; -1: whoever dies takes the file system along. */
static int journal_name(struct restore *r, const struct mnt *mnt, const char *dir, const char *name)
{
	const char *base = mnt->base->is_outside ? r->m.mounts->paths[mnt->base->index] : NULL;

	if (!base)
		return -1;
	return journal_enter(r->journal, JOURNAL_FILE, arena_printf(&r->m.arena, "%s/%s/%s", base, dir, name), NULL);
}

/* Paths come from an image: they lead nowhere but into this file system. */
static int open_directory(int base, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};

	return syscall(SYS_openat2, base, path, &how, sizeof(how));
}

/* Beside others it has the name that mountinfo has shown, where that is free. */
static int lend_name(struct restore *r, const struct mnt *mnt, const struct ghost *g, int base, struct lent_name *l)
{
	struct arena *a = &r->m.arena;
	const char *path = path_below(mnt->e->root, mnt->base->root), *slash = strrchr(path, '/');
	const char *dir = slash ? arena_printf(a, "%.*s", (int)(slash - path), path) : ".";
	const char *names[] = { slash ? slash + 1 : path, arena_printf(a, "criu-deleted.%u", g->id) };

	l->dir = open_directory(base, dir);
	if (l->dir < 0) {
		dir = ".";
		l->dir = open_directory(base, dir);
	}
	if (l->dir < 0 || fstat(l->dir, &l->st) < 0)
		return fail_errno("open the directory of %s", mnt->e->root);
	for (size_t i = mnt->base->is_outside; i < array_size(names) && l->fd < 0; i++) {
		l->name = names[i];
		l->entry = journal_name(r, mnt, dir, l->name);
		l->fd = *l->name ? make_named(g, l->dir, l->name) : -1;
		if (l->fd < 0)
			journal_strike(r->journal, l->entry);
	}
	return l->fd < 0 ? fail_errno("make %s, a deleted file that is mounted", l->name) : 0;
}

/* Nobody should see that a name was there. */
static void take_name(struct restore *r, struct lent_name *l)
{
	const struct timespec times[2] = { l->st.st_atim, l->st.st_mtim };

	if (unlinkat(l->dir, l->name, l->is_dir ? AT_REMOVEDIR : 0) < 0)
		warn_errno("remove temporary %s", l->name);
	if (futimens(l->dir, times) < 0)
		debug("the directory of %s looks changed: %s", l->name, strerror(errno));
	journal_strike(r->journal, l->entry);
	own_close_fd(&l->dir);
	own_close_fd(&l->fd);
}

void deleted_take_names(void *arg)
{
	struct restore *r = arg;
	struct mount_set *s = r->m.mounts;

	for (size_t i = 0; i < s->lent.n; i++)
		take_name(r, &s->lent.v[i]);
	s->lent.n = 0;
}

static int make_file(struct restore *r, const struct mnt *mnt, const struct ghost *g, int base)
{
	struct lent_name l = { .ghost = g->id, .fd = -1, .dir = -1, .entry = -1, .is_dir = S_ISDIR(g->entry->mode) };
	int err = lend_name(r, mnt, g, base, &l);

	if (err) {
		own_close_fd(&l.dir);
		return err;
	}
	vec_push(&r->m.arena, &r->m.mounts->lent, l);
	return ghost_fill(g, l.fd);
}

/* The same file may be mounted in several places. */
static int find_file(const struct mount_set *s, uint32_t ghost)
{
	for (size_t i = 0; i < s->lent.n; i++)
		if (s->lent.v[i].ghost == ghost)
			return s->lent.v[i].fd;
	return -1;
}

int deleted_clone(void *arg, const struct mnt *mnt, int base, int *ret_fd)
{
	struct restore *r = arg;
	const struct ghost *g = ghost_of(r, mnt);
	int err = 0;

	if (!g)
		return fail(EOPNOTSUPP, "%s: what is mounted there was deleted before the dump; it is in no image",
			    mnt->e->mountpoint);
	if (find_file(r->m.mounts, g->id) < 0)
		err = make_file(r, mnt, g, base);
	if (err)
		return err;
	*ret_fd = open_tree(find_file(r->m.mounts, g->id), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return *ret_fd < 0 ? fail_errno("%s: mount a deleted file", mnt->e->mountpoint) : 0;
}
