/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contents of a tmpfs: saved from, and brought back into, a directory that nothing is mounted on. */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "mount/libarchive.h"
#include "mount/tar.h"

/* The library walks from the current directory, which is put back. */
static int go_into(int dir, int *ret_back)
{
	*ret_back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_back < 0)
		return fail_errno("open the current directory");
	if (fchdir(dir) < 0)
		return fail_errno("enter the tmpfs");
	return 0;
}

static void go_back(int *back)
{
	if (*back >= 0 && fchdir(*back) < 0)
		warn_errno("return to the current directory");
	own_close_fd(back);
}

static int archive_fail(const struct libarchive *l, struct archive *a, const char *what)
{
	const char *text = l->archive_error_string(a);

	return fail(EIO, "%s: %s", what, text ?: "no reason given");
}

/* --- saving ---------------------------------------------------------------------------------------------------- */

struct saving {
	const struct libarchive *l;
	struct archive *from, *to;
	struct archive_entry_linkresolver *links;
	const struct tar_ids *ids;
};

static int copy_out(struct saving *s, struct archive_entry *e)
{
	static const char zeros[64 << 10];
	int64_t done = 0, at, size = s->l->archive_entry_size(e);
	const void *data;
	size_t len;
	int r;

	while ((r = s->l->archive_read_data_block(s->from, &data, &len, &at)) == ARCHIVE_OK) {
		while (done < at) {	/* holes: the writer leaves out what the entry lists as such */
			size_t n = min((int64_t)sizeof(zeros), at - done);

			if (s->l->archive_write_data(s->to, zeros, n) < 0)
				return archive_fail(s->l, s->to, "write the archive");
			done += n;
		}
		if (len && s->l->archive_write_data(s->to, data, len) < 0)
			return archive_fail(s->l, s->to, "write the archive");
		done += len;
	}
	if (r != ARCHIVE_EOF)
		return archive_fail(s->l, s->from, "read the tmpfs");
	while (done < size) {
		size_t n = min((int64_t)sizeof(zeros), size - done);

		if (s->l->archive_write_data(s->to, zeros, n) < 0)
			return archive_fail(s->l, s->to, "write the archive");
		done += n;
	}
	return 0;
}

static void translate(struct saving *s, struct archive_entry *e)
{
	/* Names of users mean somebody else in another root: numbers are what counts. */
	s->l->archive_entry_set_uname(e, NULL);
	s->l->archive_entry_set_gname(e, NULL);
	if (!s->ids)
		return;
	s->l->archive_entry_set_uid(e, s->ids->uid(s->ids->arg, s->l->archive_entry_uid(e)));
	s->l->archive_entry_set_gid(e, s->ids->gid(s->ids->arg, s->l->archive_entry_gid(e)));
}

static int save_entry(struct saving *s, struct archive_entry *e)
{
	struct archive_entry *spare = NULL;
	bool has_data;

	if (s->l->archive_entry_filetype(e) == S_IFSOCK) {
		info("%s is a socket: the one who listens makes it again", s->l->archive_entry_pathname(e));
		return 0;
	}
	translate(s, e);
	s->l->archive_entry_linkify(s->links, &e, &spare);
	if (!e)
		return 0;
	/* Links to what is saved already have no data of their own. */
	has_data = s->l->archive_entry_filetype(e) == S_IFREG && !s->l->archive_entry_hardlink(e);
	if (s->l->archive_write_header(s->to, e) < ARCHIVE_OK)
		return archive_fail(s->l, s->to, s->l->archive_entry_pathname(e));
	return has_data && s->l->archive_entry_size(e) ? copy_out(s, e) : 0;
}

static int save_tree(struct saving *s)
{
	struct archive_entry *e = s->l->archive_entry_new();
	int r, err = 0;

	if (s->l->archive_read_disk_open(s->from, ".") != ARCHIVE_OK)
		err = archive_fail(s->l, s->from, "open the tmpfs");
	while (!err && (r = s->l->archive_read_next_header2(s->from, e)) != ARCHIVE_EOF) {
		if (r != ARCHIVE_OK)
			err = archive_fail(s->l, s->from, "read the tmpfs");
		else
			err = save_entry(s, e);
		if (!err && s->l->archive_read_disk_descend(s->from) < ARCHIVE_WARN)
			err = archive_fail(s->l, s->from, "read the tmpfs");
		s->l->archive_entry_clear(e);
	}
	s->l->archive_entry_free(e);
	return err;
}

static int save_begin(struct saving *s, int out)
{
	const struct libarchive *l = s->l;

	s->from = l->archive_read_disk_new();
	s->to = l->archive_write_new();
	s->links = l->archive_entry_linkresolver_new();
	if (!s->from || !s->to || !s->links)
		return fail(ENOMEM, "no memory for an archive");
	l->archive_read_disk_set_symlink_physical(s->from);
	l->archive_read_disk_set_behavior(s->from, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS | ARCHIVE_READDISK_NO_FFLAGS);
	l->archive_entry_linkresolver_set_strategy(s->links, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
	if (l->archive_write_set_format_pax(s->to) != ARCHIVE_OK ||
	    l->archive_write_add_filter_gzip(s->to) != ARCHIVE_OK ||
	    l->archive_write_set_options(s->to, "gzip:compression-level=1") != ARCHIVE_OK ||
	    l->archive_write_open_fd(s->to, out) != ARCHIVE_OK)
		return archive_fail(l, s->to, "begin the archive");
	return 0;
}

int tar_save(int dir, int out, const struct tar_ids *ids)
{
	__attribute__((cleanup(go_back))) int back = -1;
	struct saving s = { .ids = ids };
	int err = libarchive_get(&s.l);

	if (!err)
		err = go_into(dir, &back);
	if (err)
		return err;
	err = save_begin(&s, out);
	if (!err)
		err = save_tree(&s);
	if (!err && s.l->archive_write_close(s.to) != ARCHIVE_OK)
		err = archive_fail(s.l, s.to, "end the archive");
	if (s.links)
		s.l->archive_entry_linkresolver_free(s.links);
	if (s.from)
		s.l->archive_read_free(s.from);
	if (s.to)
		s.l->archive_write_free(s.to);
	return err;
}

/* --- bringing back ------------------------------------------------------------------------------------------------ */

static int load_entry(const struct libarchive *l, struct archive *from, struct archive *to, struct archive_entry *e)
{
	const void *data;
	int64_t at;
	size_t len;
	int r;

	if (l->archive_write_header(to, e) < ARCHIVE_OK)
		return archive_fail(l, to, l->archive_entry_pathname(e));
	if (l->archive_entry_size(e) > 0) {
		while ((r = l->archive_read_data_block(from, &data, &len, &at)) == ARCHIVE_OK)
			if (l->archive_write_data_block(to, data, len, at) < ARCHIVE_OK)
				return archive_fail(l, to, l->archive_entry_pathname(e));
		if (r != ARCHIVE_EOF)
			return archive_fail(l, from, l->archive_entry_pathname(e));
	}
	if (l->archive_write_finish_entry(to) < ARCHIVE_OK)
		return archive_fail(l, to, l->archive_entry_pathname(e));
	return 0;
}

/* The library sets the times of directories at the end, but not that of the one it works in. */
static void note_top(const struct libarchive *l, struct archive_entry *e, struct timespec *ret)
{
	const char *path = l->archive_entry_pathname(e);

	if (path && (streq(path, ".") || streq(path, "./")) && l->archive_entry_mtime_is_set(e))
		*ret = (struct timespec){ l->archive_entry_mtime(e), l->archive_entry_mtime_nsec(e) };
}

static int load_all(const struct libarchive *l, struct archive *from, struct archive *to, int in, const char *name)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
	struct archive_entry *e = l->archive_entry_new();
	int r, err = 0;

	l->archive_read_support_filter_gzip(from);
	l->archive_read_support_format_tar(from);
	/* An archive is foreign: no name in it may lead out of the directory. */
	l->archive_write_disk_set_options(to, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
						      ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR |
						      ARCHIVE_EXTRACT_UNLINK | ARCHIVE_EXTRACT_SPARSE |
						      ARCHIVE_EXTRACT_SECURE_SYMLINKS |
						      ARCHIVE_EXTRACT_SECURE_NODOTDOT |
						      ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS);
	if (l->archive_read_open_fd(from, in, 64 << 10) != ARCHIVE_OK)
		err = archive_fail(l, from, name);
	while (!err && (r = l->archive_read_next_header2(from, e)) != ARCHIVE_EOF) {
		err = r != ARCHIVE_OK ? archive_fail(l, from, name) : load_entry(l, from, to, e);
		if (!err)
			note_top(l, e, &times[1]);
	}
	/* Times and permissions of directories are set at the end. */
	if (!err && l->archive_write_close(to) != ARCHIVE_OK)
		err = archive_fail(l, to, name);
	if (!err && utimensat(AT_FDCWD, ".", times, 0) < 0)
		err = fail_errno("%s: set the time of its top", name);
	l->archive_entry_free(e);
	return err;
}

int tar_load(int in, int dir, const char *name)
{
	__attribute__((cleanup(go_back))) int back = -1;
	const struct libarchive *l;
	struct archive *from, *to;
	int err = libarchive_get(&l);

	if (!err)
		err = go_into(dir, &back);
	if (err)
		return err;
	from = l->archive_read_new();
	to = l->archive_write_disk_new();
	err = from && to ? load_all(l, from, to, in, name) : fail(ENOMEM, "no memory for an archive");
	if (from)
		l->archive_read_free(from);
	if (to)
		l->archive_write_free(to);
	return err;
}

int tar_prepare(void)
{
	const struct libarchive *l;

	return libarchive_get(&l);
}
