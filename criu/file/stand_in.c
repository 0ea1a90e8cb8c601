/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that have no name, or not their own: the tool gives each its name for a moment and keeps a descriptor, which
 * all tasks inherit and open their files through. So the kernel knows the file by its old name, "(deleted)".
 *
 *   O_TMPFILE --link--> name --open O_PATH--> stand-in --unlink name-->  tasks: open("/proc/self/fd/<stand-in>")
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/path.h"
#include "file/places.h"
#include "file/record.h"
#include "file/state.h"
#include "file/where.h"
#include "mount/look.h"
#include "ns/user.h"
#include "run/journal.h"
#include "run/restore.h"

/* A name lent to a file. */
struct lent {
	const char *name;
	int entry;			/* in the journal */
	const char *made_from;		/* the first directory that had to be made, or NULL */
	struct stat dir;		/* the one it is in, as it was */
};

const struct stand_in *stand_in_of(const struct restore *r, uint32_t file_id)
{
	const struct paths *p = paths_of((struct model *)&r->m);

	for (size_t i = 0; i < p->stand_ins.n; i++)
		if (p->stand_ins.v[i].file_id == file_id)
			return &p->stand_ins.v[i];
	return NULL;
}

static int add(struct restore *r, uint32_t file_id, int *fd, bool is_description)
{
	struct stand_in s = { .file_id = file_id, .is_description = is_description };
	int err = fd_keep(r, fd, &s.fd);

	if (!err)
		vec_push(&r->m.arena, &paths_of(&r->m)->stand_ins, s);
	return err;
}

static const RegFileEntry *entry_of(const struct model *m, uint32_t file_id)
{
	return model_file(m, file_id)->rec;
}

static const char *name_of(const struct model *m, uint32_t file_id)
{
	return entry_of(m, file_id)->name;
}

/* --- lending a name -------------------------------------------------------------------------------------- */

/* The first directory on the way to the name that is not there, or NULL; and how many are not. */
static const char *find_missing(struct arena *a, const char *name, unsigned int *ret_n)
{
	char *path = arena_strdup(a, name);
	const char *first = NULL;
	struct stat st;

	*ret_n = 0;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (first || (stat(path, &st) < 0 && errno == ENOENT)) {
			++*ret_n;
			if (!first)
				first = arena_strdup(a, path);
		}
		*slash = '/';
	}
	return first;
}

static int make_parents(struct arena *a, const struct lent *l)
{
	char *path = arena_strdup(a, l->name);

	for (char *slash = path + strlen(l->made_from); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0700) < 0)
			return fail_errno("make directory %s for a deleted file", path);
		*slash = '/';
	}
	return 0;
}

static void remove_parents(struct arena *a, const struct lent *l)
{
	char *path = arena_strdup(a, l->name), *slash;

	if (!l->made_from)
		return;
	while ((slash = strrchr(path, '/'))) {
		*slash = 0;
		if (rmdir(path) < 0)
			warn_errno("remove directory %s", path);
		if (streq(path, l->made_from))
			return;
	}
}

/* Nobody should see that a name was there. A file system may refuse, and it matters little. */
static void put_times_back(struct arena *a, const struct lent *l)
{
	const struct timespec times[2] = { l->dir.st_atim, l->dir.st_mtim };

	if (utimensat(AT_FDCWD, dirname(arena_strdup(a, l->name)), times, 0) < 0)
		debug("the directory of %s looks changed: %s", l->name, strerror(errno));
}

/* Its own name if that is free, else one beside it. */
static int lend_begin(struct restore *r, uint32_t file_id, struct lent *ret)
{
	const RegFileEntry *e = entry_of(&r->m, file_id);
	const char *name = e->name, *outside;
	unsigned int n_missing;
	struct stat st;

	*ret = (struct lent){ .name = name, .entry = -1 };
	if (lstat(name, &st) == 0)
		ret->name = arena_printf(&r->m.arena, "%s.cr_link", name);
	ret->made_from = find_missing(&r->m.arena, name, &n_missing);
	if (!ret->made_from && stat(dirname(arena_strdup(&r->m.arena, ret->name)), &ret->dir) < 0)
		return fail_errno("look at the directory of %s", ret->name);
	outside = where_outside(r, e, ret->name);
	if (outside)
		ret->entry = journal_enter(r->journal, JOURNAL_FILE, outside,
					   arena_printf(&r->m.arena, "%u", n_missing));
	if (outside && ret->entry < 0)
		return ret->entry;
	return ret->made_from ? make_parents(&r->m.arena, ret) : 0;
}

static int lend_end(struct restore *r, const struct lent *l)
{
	int err = 0;

	if (unlink(l->name) < 0 && (errno != EISDIR || rmdir(l->name) < 0) && errno != ENOENT)
		err = fail_errno("remove %s", l->name);
	if (l->made_from)
		remove_parents(&r->m.arena, l);
	else
		put_times_back(&r->m.arena, l);
	journal_strike(r->journal, l->entry);
	return err;
}

/* --- ghosts ---------------------------------------------------------------------------------------------- */

static bool is_tmpfile(const struct restore *r, uint32_t file_id)
{
	return (record_flags(model_file(&r->m, file_id)) & O_TMPFILE) == O_TMPFILE;
}

static bool is_of_ghost(const RemapFilePathEntry *e, const struct ghost *g)
{
	return e->remap_type == REMAP_TYPE__GHOST && e->remap_id == g->id;
}

/* Without a name in the directory of the path, or -1: the file system cannot, or the directory is gone. */
static int open_unnamed(struct arena *a, const char *path, uint32_t flags)
{
	char *dir = arena_strdup(a, path);

	return open(dirname(dir), flags | O_TMPFILE | O_CLOEXEC, 0600);
}

/* The same open file that O_TMPFILE gave: it can still be linked. All other files of the ghost go through it. */
static int make_tmpfile(struct restore *r, const struct ghost *g, uint32_t file_id, bool *ret_done)
{
	uint32_t flags = record_flags(model_file(&r->m, file_id));
	auto_fd int fd = open_unnamed(&r->m.arena, name_of(&r->m, file_id), flags & (O_ACCMODE | O_APPEND | O_SYNC));
	auto_fd int writer = -1;
	int err;

	if (fd < 0)
		return 0;
	err = file_reopen(fd, O_RDWR, &writer);
	if (err)
		return fail_with(err, "fill a temporary file");
	err = ghost_fill(g, writer);
	for (size_t i = 0; i < r->m.remaps.n && !err; i++) {
		const RemapFilePathEntry *e = r->m.remaps.v[i];
		int copy;

		if (!is_of_ghost(e, g))
			continue;
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			return fail_errno("keep a temporary file");
		err = add(r, e->orig_id, &copy, e->orig_id == file_id);
	}
	*ret_done = !err;
	return err;
}

static int make_tmpfiles(struct restore *r, const struct ghost *g, bool *ret_done)
{
	int err = 0;

	for (size_t i = 0; i < r->m.remaps.n && !err && !*ret_done; i++)
		if (is_of_ghost(r->m.remaps.v[i], g) && is_tmpfile(r, r->m.remaps.v[i]->orig_id))
			err = make_tmpfile(r, g, r->m.remaps.v[i]->orig_id, ret_done);
	return err;
}

static int open_stand_in(struct restore *r, uint32_t file_id, const char *name)
{
	auto_fd int fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fail_errno("open %s", name);
	return add(r, file_id, &fd, false);
}

/* Under its name: the first time made, later linked to what is there already. *unnamed holds it in between. */
static int give_name(struct restore *r, const struct ghost *g, const char *name, const char *first, int *unnamed)
{
	if (S_ISREG(g->entry->mode) && *unnamed < 0 && !first) {
		*unnamed = open_unnamed(&r->m.arena, name, O_RDWR);
		if (*unnamed >= 0) {
			int err = ghost_fill(g, *unnamed);

			if (err)
				return err;
		}
	}
	if (*unnamed >= 0) {
		int err = path_link(*unnamed, AT_FDCWD, name);

		return err ? fail_with(err, "link %s", name) : 0;
	}
	if (first && link(first, name) == 0)
		return 0;
	return ghost_create(g, name);
}

static const struct lent *find_lent(const struct restore *r, const struct lent *lent, size_t n, const char *name)
{
	(void)r;
	for (size_t i = 0; i < n; i++)
		if (streq(lent[i].name, name))
			return &lent[i];
	return NULL;
}

static int make_ghost(struct restore *r, const struct ghost *g)
{
	struct lent *lent = arena_array(&r->m.arena, struct lent, r->m.remaps.n);
	auto_fd int unnamed = -1;
	bool is_done = false;
	size_t n = 0;
	int err;

	err = make_tmpfiles(r, g, &is_done);
	for (size_t i = 0; i < r->m.remaps.n && !err && !is_done; i++) {
		const RemapFilePathEntry *e = r->m.remaps.v[i];
		const struct lent *there;

		if (!is_of_ghost(e, g))
			continue;
		there = find_lent(r, lent, n, name_of(&r->m, e->orig_id));
		if (!there) {
			err = lend_begin(r, e->orig_id, &lent[n]);
			if (err)
				break;
			there = &lent[n++];
			err = give_name(r, g, there->name, n > 1 ? lent[0].name : NULL, &unnamed);
		}
		if (!err)
			err = open_stand_in(r, e->orig_id, there->name);
	}
	while (n--) {
		int end = lend_end(r, &lent[n]);

		err = err ? err : end;
	}
	return err;
}

/* --- links ----------------------------------------------------------------------------------------------- */

static int make_link(struct restore *r, const RemapFilePathEntry *e)
{
	const char *from = name_of(&r->m, e->remap_id);
	struct lent lent;
	int err, end;

	err = lend_begin(r, e->orig_id, &lent);
	if (err)
		return err;
	if (link(from, lent.name) < 0)
		err = fail_errno("link %s to %s, which the dump has left for it", lent.name, from);
	if (!err)
		err = open_stand_in(r, e->orig_id, lent.name);
	end = lend_end(r, &lent);
	return err ? err : end;
}

static const RegFileEntry *first_of(const struct restore *r, const struct ghost *g)
{
	for (size_t i = 0; i < r->m.remaps.n; i++)
		if (is_of_ghost(r->m.remaps.v[i], g))
			return entry_of(&r->m, r->m.remaps.v[i]->orig_id);
	return NULL;
}

static bool is_link(const RemapFilePathEntry *e)
{
	return e->remap_type == REMAP_TYPE__LINKED;
}

/* In mounts of the tree's own it is the root task that makes files, else the tool. */
static bool is_ours(const struct restore *r, const RegFileEntry *e)
{
	return where_is_inside(r, e) == (r->self != NULL);
}

static int make_ghost_there(struct restore *r, const struct ghost *g)
{
	const RegFileEntry *first = first_of(r, g);
	struct mount_visit v;
	int end, err;

	if (!first || !is_ours(r, first))
		return 0;
	if (!r->self) {			/* outside of the tree's user namespace */
		g->entry->uid = user_uid_outside(&r->m, g->entry->uid);
		g->entry->gid = user_gid_outside(&r->m, g->entry->gid);
	}
	err = where_visit(r, first, &v);
	if (err)
		return err;
	err = make_ghost(r, g);
	end = where_leave(&v);
	return err ?: end;
}

static int make_link_there(struct restore *r, const RemapFilePathEntry *e)
{
	struct mount_visit v;
	int end, err;

	if (!is_ours(r, entry_of(&r->m, e->orig_id)))
		return 0;
	err = where_visit(r, entry_of(&r->m, e->orig_id), &v);
	if (err)
		return err;
	err = make_link(r, e);
	end = where_leave(&v);
	return err ?: end;
}

int stand_ins_make(struct restore *r)
{
	struct paths *p = paths_of(&r->m);
	int err = 0;

	for (size_t i = 0; i < p->ghosts.n && !err; i++) {
		IN_SCOPE("ghost", p->ghosts.v[i].id);
		err = make_ghost_there(r, &p->ghosts.v[i]);
	}
	for (size_t i = 0; i < r->m.remaps.n && !err; i++)
		if (is_link(r->m.remaps.v[i]))
			err = make_link_there(r, r->m.remaps.v[i]);
	return err;
}

int stand_ins_promise(struct restore *r)
{
	for (size_t i = 0; i < r->m.remaps.n; i++) {
		const RemapFilePathEntry *e = r->m.remaps.v[i];
		int entry;

		if (!is_link(e))
			continue;
		entry = journal_enter(r->journal, JOURNAL_SPENT, name_of(&r->m, e->remap_id),
				      where_namespace(r, entry_of(&r->m, e->orig_id)));
		if (entry < 0)
			return entry;
		vec_push(&r->m.arena, &paths_of(&r->m)->spent, entry);
	}
	return 0;
}

/* A link that the dump has left. */
static void remove_link(struct restore *r, const RemapFilePathEntry *e)
{
	const char *name = name_of(&r->m, e->remap_id);
	struct mount_visit v;

	if (where_visit(r, entry_of(&r->m, e->orig_id), &v) || (unlink(name) < 0 && errno != ENOENT))
		warn_errno("remove %s", name);
	if (where_leave(&v))
		warn("the tool stays in a mount namespace of the tree");
}

void stand_ins_release(struct restore *r)
{
	struct paths *p = paths_of(&r->m);

	for (size_t i = 0; i < p->stand_ins.n; i++)
		close(p->stand_ins.v[i].fd);
	p->stand_ins.n = 0;
	/* A restore that failed can be tried again. */
	for (size_t i = 0; r->files->is_committed && i < r->m.remaps.n; i++)
		if (is_link(r->m.remaps.v[i]))
			remove_link(r, r->m.remaps.v[i]);
	for (size_t i = 0; i < p->spent.n; i++)
		journal_strike(r->journal, p->spent.v[i]);
	p->spent.n = 0;
}
