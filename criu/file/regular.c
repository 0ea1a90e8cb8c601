/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are opened by a path: regular ones, directories, symbolic links, the memory devices. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/buildid.h"
#include "file/describe.h"
#include "file/kind.h"
#include "file/path.h"
#include "file/places.h"
#include "file/where.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

enum { MEM_MAJOR = 1, KMSG_MINOR = 11 };

/* Flags that say how to open, which a file that is open already must not have. */
#define CREATION_FLAGS (O_CREAT | O_EXCL | O_TRUNC)

/* An O_PATH descriptor needs nothing of the file but its name. */
static bool regular_claims(const struct file_facts *f)
{
	switch (f->st.st_mode & S_IFMT) {
	case S_IFREG:
		return !(has_prefix(f->link, "/memfd:") && !f->st.st_nlink);
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
		return true;
	default:
		return f->flags & O_PATH;
	}
}

/* --- dump ------------------------------------------------------------------------------------------------ */

static bool scan_external(struct dump *d, const struct file_facts *f, RegFileEntry *e)
{
	char key[64];

	snprintf(key, sizeof(key), "%x:%lx", f->mnt_id, (unsigned long)f->st.st_ino);
	if (!option_value(&d->opt->external, "file", key))
		return false;
	e->name = arena_printf(&d->m.arena, "file[%s]", key);
	e->has_ext = e->ext = true;
	return true;
}

/* Opening the device again gives the same: true of the memory devices, and of any that is only a path. */
static bool is_stateless(const struct file_facts *f)
{
	return major(f->st.st_rdev) == MEM_MAJOR || f->flags & O_PATH || f->is_path_only;
}

/* Where another node of the same device stands in, its mode is what restore will find. */
static void scan_device(struct dump *d, const struct file_facts *f, RegFileEntry *e)
{
	struct stat st;

	if (!model_remap(&d->m, f->id) && where_stat(f, e->name, &st) == 0)
		e->mode = st.st_mode;
	if (S_ISCHR(f->st.st_mode) && f->st.st_rdev == makedev(MEM_MAJOR, KMSG_MINOR) &&
	    (f->flags & O_ACCMODE) != O_WRONLY)
		warn("the kernel tells no position in %s: restored, it reads from the oldest message", f->link);
}

/* Of what is mapped or may be executed; data files have none, and looking into each would cost more than the rest. */
static int scan_build_id(struct dump *d, const struct file_facts *f, RegFileEntry *e)
{
	uint32_t words[BUILD_ID_WORDS];
	auto_fd int fd = -1;

	if (!S_ISREG(f->st.st_mode) || (f->fd >= 0 && !(f->st.st_mode & 0111)))
		return 0;
	if (d->opt->file_validation && streq(d->opt->file_validation, "filesize"))
		return 0;
	if (file_reopen(f->copy, O_RDONLY, &fd))
		return 0;
	e->n_build_id = build_id_read(fd, words);
	e->build_id = arena_memdup(&d->m.arena, words, e->n_build_id * sizeof(uint32_t));
	return 0;
}

static int regular_scan(struct dump *d, const struct file_facts *f, void *rec)
{
	RegFileEntry *e = rec;
	bool is_device = S_ISCHR(f->st.st_mode) || S_ISBLK(f->st.st_mode);
	int err;

	e->has_mode = true;
	e->mode = f->st.st_mode;
	if (scan_external(d, f, e))
		return 0;
	if (is_device && !is_stateless(f)) {
		refuse_unclaimed(d, f);
		return 0;
	}
	err = path_scan(d, f, &e->name);
	if (err)
		return err;
	if (d->m.mounts) {
		e->has_mnt_id = true;
		e->mnt_id = f->mnt_id;
	}
	if (is_device)
		scan_device(d, f, e);
	/* A log grows while the tree is away, and nobody minds. */
	if (S_ISREG(f->st.st_mode) && (f->flags & (O_WRONLY | O_APPEND)) != (O_WRONLY | O_APPEND)) {
		e->has_size = true;
		e->size = f->st.st_size;
	}
	return scan_build_id(d, f, e);
}

static int regular_save(struct dump *d)
{
	return ghosts_save(d);
}

static void regular_release_dump(struct dump *d)
{
	links_release(d);
	ghosts_release(d);
}

/* --- restore --------------------------------------------------------------------------------------------- */

static int regular_check(const void *rec)
{
	const RegFileEntry *e = rec;

	if (!e->ext && e->name[0] != '/')
		return fail(EINVAL, "name \"%s\" is no absolute path", e->name);
	if (e->flags & CREATION_FLAGS)
		return fail(EINVAL, "%s: flags 0%o would create or empty the file", e->name, e->flags);
	if (e->n_build_id > BUILD_ID_WORDS)
		return fail(EINVAL, "%s: a build-id of %zu words", e->name, e->n_build_id);
	return 0;
}

static int regular_load(struct model *m, int img_dir)
{
	return ghosts_load(m, img_dir);
}

static int regular_prepare(struct restore *r)
{
	return stand_ins_make(r);
}

static int regular_hand_over(struct restore *r, pid_t root_real)
{
	(void)root_real;
	return stand_ins_promise(r);
}

static void regular_release(struct restore *r)
{
	stand_ins_release(r);
}

static int validate_build_id(const RegFileEntry *e, int fd)
{
	uint32_t words[BUILD_ID_WORDS];
	auto_fd int reader = -1;
	size_t n;

	if (!e->n_build_id || file_reopen(fd, O_RDONLY, &reader))
		return 0;
	n = build_id_read(reader, words);
	if (n != e->n_build_id || memcmp(words, e->build_id, n * sizeof(uint32_t)))
		return fail(EINVAL, "%s is another build than at the dump: install the same version, or dump with "
			    "--file-validation filesize", e->name);
	return 0;
}

static int validate(const struct options *opt, const RegFileEntry *e, int fd)
{
	mode_t mask = opt->skip_rwx_check ? S_IFMT | 07000 : S_IFMT | 07777;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno("stat %s", e->name);
	/* another node of the same device may have been taken: who may open it is that node's business */
	if (opt->evasive_devices && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		mask = S_IFMT;
	if (e->has_mode && (st.st_mode ^ e->mode) & mask)
		return fail(EINVAL, "%s has mode 0%o, at the dump it had 0%o%s", e->name, st.st_mode, e->mode,
			    (st.st_mode ^ e->mode) & S_IFMT ? "" : " (--skip-file-rwx-check ignores that)");
	if (!S_ISREG(st.st_mode))
		return 0;
	if (e->has_size && (uint64_t)st.st_size != e->size)
		return fail(EINVAL, "%s has %" PRId64 " bytes, at the dump it had %" PRIu64 ": put back the file of that "
			    "moment%s", e->name, (int64_t)st.st_size, e->size, (uint64_t)st.st_size > e->size ?
			    " (truncate -s, if it has only grown)" : "");
	if (opt->file_validation && streq(opt->file_validation, "filesize"))
		return 0;
	return validate_build_id(e, fd);
}

static int duplicate(int fd, const char *name, int *ret_fd)
{
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? fail_errno("duplicate the descriptor of %s", name) : 0;
}

/* By --inherit-fd, through a stand-in, or by name. */
static int open_file(struct restore *r, const RegFileEntry *e, uint32_t flags, int *ret_fd)
{
	const struct stand_in *s = stand_in_of(r, e->id);
	int err;

	if (s && (s->is_description || (flags & O_PATH && flags & O_NOFOLLOW)))
		return duplicate(s->fd, e->name, ret_fd);
	if (s) {
		/* Behind the link in /proc there is nothing left to follow; O_NOFOLLOW would open that link. */
		err = file_reopen(s->fd, flags & ~O_NOFOLLOW, ret_fd);
		return err ? fail_with(err, "open %s, which was deleted", e->name) : 0;
	}
	*ret_fd = where_open_entry(r, e, flags | O_NOCTTY);
	return *ret_fd < 0 ? fail_with(*ret_fd, "open %s (it must be as at the dump)", e->name) : 0;
}

static bool has_remap(const struct model *m, uint32_t id)
{
	for (size_t i = 0; i < m->remaps.n; i++)
		if (m->remaps.v[i]->orig_id == id)
			return true;
	return false;
}

static int open_inherited(struct restore *r, const RegFileEntry *e, int *ret_fd)
{
	int from = inherited_find(r, e->ext ? e->name : e->name + 1);

	if (from >= 0)
		return duplicate(from, e->name, ret_fd) ?: 1;
	if (e->ext)
		return fail(ENOENT, "external file %s: hand it over with --inherit-fd fd[NUMBER]:%s", e->name, e->name);
	return 0;
}

static int regular_make(struct restore *r, const void *rec, int *ret_fd)
{
	const RegFileEntry *e = rec;
	/* O_ASYNC given to open() would be shown, but not work. */
	uint32_t flags = e->flags & ~(CREATION_FLAGS | O_ASYNC);
	auto_fd int fd = -1;
	int err;

	err = open_inherited(r, e, &fd);
	if (err > 0) {
		*ret_fd = take_fd(&fd);
		return 0;
	}
	/* __O_TMPFILE without a directory to make it in is an error; O_DIRECTORY is part of it. */
	if ((flags & O_TMPFILE) == O_TMPFILE)
		flags &= ~O_TMPFILE;
	if (!err)
		err = open_file(r, e, flags, &fd);
	if (!err)
		err = validate(r->opt, e, fd);
	if (err)
		return err;
	if (e->pos && e->pos != UINT64_MAX && !(flags & O_PATH) && lseek(fd, e->pos, SEEK_SET) < 0)
		return fail_errno("set position %" PRIu64 " in %s", e->pos, e->name);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Files in mounts that are made first, and those that come out of the images, cannot be looked at. */
static int regular_foresee(struct restore *r, const void *rec)
{
	const RegFileEntry *e = rec;
	auto_fd int fd = -1;
	int err;

	if (r->m.mounts || has_remap(&r->m, e->id))
		return 0;
	err = open_inherited(r, e, &fd);
	if (err)
		return min(err, 0);
	fd = where_open_entry(r, e, O_PATH | (e->flags & O_NOFOLLOW));
	if (fd < 0)
		return fail_with(fd, "open %s (it must be as at the dump)", e->name);
	return validate(r->opt, e, fd);
}

const struct file_kind regular_kind = {
	.name = "regular",
	.type = FD_TYPES__REG,
	.record = &reg_file_entry__descriptor,
	.sign = { .link_prefix = "/" },
	.claims = regular_claims,
	.scan = regular_scan,
	.save = regular_save,
	.release_dump = regular_release_dump,
	.check = regular_check,
	.load = regular_load,
	.foresee = regular_foresee,
	.prepare = regular_prepare,
	.prepare_inside = regular_prepare,	/* those in mounts of the tree's own */
	.hand_over = regular_hand_over,
	.release = regular_release,
	.make = regular_make,
};
