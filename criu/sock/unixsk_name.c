/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of unix sockets: abstract ones, and paths, which are files that outlive their socket. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/fdinfo.h"
#include "file/where.h"
#include "kernel/read.h"
#include "mount/set.h"
#include "ns/user.h"
#include "run/dump.h"
#include "run/journal.h"
#include "run/restore.h"
#include "sock/unixsk.h"

#ifndef SIOCUNIXFILE
#define SIOCUNIXFILE                                                                               \
	(SIOCPROTOPRIVATE + 0) /* 4.10: an O_PATH descriptor of the file that it is bound to */
#endif

enum { MAX_NAME = sizeof(((struct sockaddr_un *)0)->sun_path) };

static bool is_path(const UnixSkEntry *e)
{
	return e->name.len && e->name.data[0];
}

/* Without the NUL that the kernel may or may not count. */
static const char *path_of(struct arena *a, const UnixSkEntry *e)
{
	return arena_printf(a, "%.*s", (int)e->name.len, (const char *)e->name.data);
}

const char *unix_name_text(struct arena *a, const UnixSkEntry *e)
{
	if (is_path(e) || !e->name.len)
		return path_of(a, e);
	return arena_printf(a, "@%.*s", (int)e->name.len - 1, (const char *)e->name.data + 1);
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int mnt_id_of(int fd)
{
	auto_proc_text text = { 0 };
	struct fdinfo_common common;

	if (proc_text_read(&text, "/proc/self/fdinfo/%d", fd) || fdinfo_parse(text.s, &common))
		return -1;
	return common.mnt_id;
}

/* The directory that the task is in; NULL: it cannot be told. */
static const char *cwd_of(struct dump *d, const struct task *t)
{
	char link[48], cwd[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/cwd", leader(t)->pid_real);
	len = readlink(link, cwd, sizeof(cwd) - 1);
	if (len < 0)
		return NULL;
	cwd[len] = 0;
	return arena_strdup(&d->m.arena, cwd);
}

static void scan_perms(struct dump *d, const struct stat *st, UnixSkEntry *e)
{
	e->file_perms = arena_msg(&d->m.arena, FilePermsEntry, file_perms_entry__init);
	e->file_perms->mode = st->st_mode;
	e->file_perms->uid = user_uid_inside(&d->m, NULL, st->st_uid);
	e->file_perms->gid = user_gid_inside(&d->m, NULL, st->st_gid);
}

/*
 * file: what the socket is bound to, as if it were open. A name that does not begin at the root began at the directory that
 * the task was in; the one that it is in now is tried, since nobody else can be asked.
 */
static int scan_place(struct dump *d, const struct file_facts *f, struct file_facts *file,
		      UnixSkEntry *e)
{
	const char *name = path_of(&d->m.arena, e), *path = name;
	struct stat st;
	int err;

	where_find(d, file);
	scan_perms(d, &file->st, e);
	if (d->m.mounts && file->root != AT_FDCWD) {
		e->has_mnt_id = true;
		e->mnt_id = file->mnt_id;
	}
	if (file->is_outside) {
		refuse(&d->refusals, REFUSE_FILE_OUTSIDE,
		       "%s of %s is on a mount that is outside of the tree", name, f->link);
		return 0;
	}
	if (*name != '/') {
		e->name_dir = (char *)cwd_of(d, f->task);
		path = arena_printf(&d->m.arena, "%s/%s", e->name_dir ?: "", name);
	}
	err = where_stat(file, path, &st);
	if (!err && st.st_ino == file->st.st_ino && st.st_dev == file->st.st_dev)
		return 0;
	e->has_deleted = e->deleted = err == -ENOENT && !file->st.st_nlink;
	if (!e->deleted)
		refuse(&d->refusals, REFUSE_FILE_UNREACHABLE,
		       "%s was bound to %s, which does not lead to it now", f->link, name);
	return 0;
}

/* Without CAP_NET_ADMIN only diag tells which file it is. There are no mounts of the tree's own then. */
static int scan_unprivileged(struct dump *d, const struct file_facts *f,
			     const struct unix_info *info, UnixSkEntry *e)
{
	const char *name = path_of(&d->m.arena, e);
	struct stat st;

	if (*name != '/') {
		e->name_dir = (char *)cwd_of(d, f->task);
		name = arena_printf(&d->m.arena, "%s/%s", e->name_dir ?: "", name);
	}
	errno = 0;
	if (lstat(name, &st) == 0 && (uint32_t)st.st_ino == info->file_ino) {
		scan_perms(d, &st, e);
		return 0;
	}
	e->has_deleted = e->deleted = errno == ENOENT;
	if (!e->deleted)
		refuse(&d->refusals, REFUSE_FILE_UNREACHABLE,
		       "%s was bound to %s, which does not lead to it now", f->link, name);
	return 0;
}

int unix_name_scan(struct dump *d, const struct file_facts *f, struct unix_sock *s)
{
	struct file_facts file = { .task = f->task, .fd = -1 };
	UnixSkEntry *e = s->entry;
	auto_fd int fd = -1;

	/* What was accepted has the listener's name, and no file of its own. */
	if (!is_path(e) || (unix_is_stream_like(e) && e->state == TCP_ESTABLISHED))
		return 0;
	fd = ioctl(f->copy, SIOCUNIXFILE);
	if (fd < 0 && errno == EPERM)
		return scan_unprivileged(d, f, s->info, e);
	if (fd < 0 || fstat(fd, &file.st) < 0)
		return fail_errno("look at the file that %s is bound to", f->link);
	file.copy = fd;
	file.mnt_id = mnt_id_of(fd);
	return scan_place(d, f, &file, e);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

int unix_name_check(const UnixSkEntry *e)
{
	if (e->name.len > MAX_NAME + 1)
		return fail(EINVAL, "socket:[%u] has a name of %zu bytes", e->ino, e->name.len);
	if (is_path(e) && e->name.len > strnlen((const char *)e->name.data, e->name.len) + 1)
		return fail(EINVAL, "socket:[%u] has a path with a NUL in it", e->ino);
	if (e->name_dir && *e->name_dir != '/')
		return fail(EINVAL, "socket:[%u] has a name that begins at %.64s", e->ino,
			    e->name_dir);
	return 0;
}

/* Binding gives a connected stream socket a file that it has not had. */
static bool is_bound_again(const UnixSkEntry *e)
{
	return e->name.len && !(unix_is_stream_like(e) && e->state == TCP_ESTABLISHED);
}

static socklen_t address(const UnixSkEntry *e, struct sockaddr_un *ret)
{
	size_t len = min(e->name.len, sizeof(ret->sun_path));

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, e->name.data, len);
	return offsetof(struct sockaddr_un, sun_path) + len;
}

/* 1: a socket's file that nobody listens at; 0: nothing is there; else it is reported what is. */
static int look_at_place(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	auto_fd int dir = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	struct stat st;

	if (dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail_errno("look at %s", path);
	if (fstat(dir, &st) < 0)
		return fail_errno("look at %s", path);
	if (!S_ISSOCK(st.st_mode))
		return fail(EADDRINUSE, "a socket cannot be bound to %s: something else is there",
			    path);
	/* Through the descriptor: the path may be too long, and means the same. */
	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", dir);
	for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++) {
		if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
			continue;
		fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return fail_errno("socket");
		if (connect(fd, (void *)&to, sizeof(to)) == 0 || errno == EAGAIN)
			return fail(EADDRINUSE,
				    "a socket cannot be bound to %s: another program has it", path);
		close(take_fd(&fd));
	}
	return 1;
}

static int clear_place(const char *path)
{
	int got = look_at_place(path);

	if (got > 0 && unlink(path) < 0 && errno != ENOENT)
		return fail_errno("remove the dead socket %s", path);
	return min(got, 0);
}

/* What the tool calls it; NULL: it is in mounts that are made for the tree. */
static const char *outside_path(struct restore *r, const UnixSkEntry *e)
{
	RegFileEntry place = REG_FILE_ENTRY__INIT;
	const char *name = path_of(&r->m.arena, e);

	if (e->name_dir)
		name = arena_printf(&r->m.arena, "%s/%s", e->name_dir, name);
	place.name = (char *)name;
	place.has_mnt_id = e->has_mnt_id;
	place.mnt_id = e->mnt_id;
	return where_outside(r, &place, name);
}

int unix_name_prepare(struct restore *r, struct unix_sock *s)
{
	const char *path;
	int err;

	if (!is_path(s->entry) || !is_bound_again(s->entry))
		return 0;
	path = outside_path(r, s->entry);
	if (!path)
		return 0;
	err = clear_place(path);
	if (err)
		return err;
	s->name_entry = journal_enter(r->journal, JOURNAL_NAME, path, NULL);
	return min(s->name_entry, 0);
}

void unix_name_release(struct restore *r, struct unix_sock *s, bool is_committed)
{
	const char *path;

	if (s->name_entry < 0)
		return;
	path = outside_path(r, s->entry);
	if (!is_committed && unlink(path) < 0 && errno != ENOENT)
		warn_errno("remove %s", path);
	journal_strike(r->journal, s->name_entry);
	s->name_entry = -1;
}

static int set_perms(const UnixSkEntry *e, const char *path)
{
	const FilePermsEntry *p = e->file_perms;
	struct stat st;

	if (!p)
		return 0;
	if (lstat(path, &st) < 0)
		return fail_errno("look at %s", path);
	if ((st.st_uid != p->uid || st.st_gid != p->gid) && lchown(path, p->uid, p->gid) < 0)
		return fail_errno("give %s to %u:%u", path, p->uid, p->gid);
	if ((st.st_mode & 07777) != (p->mode & 07777) && chmod(path, p->mode & 07777) < 0)
		return fail_errno("change the mode of %s", path);
	return 0;
}

static int bind_here(struct restore *r, const UnixSkEntry *e, int fd)
{
	const char *path = path_of(&r->m.arena, e);
	struct sockaddr_un name;
	socklen_t len = address(e, &name);
	int err = is_path(e) ? clear_place(path) : 0;

	if (err)
		return err;
	if (bind(fd, (void *)&name, len) < 0)
		return fail_errno("bind socket:[%u] to %s", e->ino, unix_name_text(&r->m.arena, e));
	if (!is_path(e))
		return 0;
	if (e->deleted)
		return unlink(path) < 0 ? fail_errno("remove %s", path) : 0;
	return set_perms(e, path);
}

/* Runs work in the directory that the name begins at. */
static int from_name_dir(struct restore *r, const UnixSkEntry *e, int fd,
			 int (*work)(struct restore *r, const UnixSkEntry *e, int fd))
{
	auto_fd int home = -1;
	int err;

	if (!e->name_dir)
		return work(r, e, fd);
	home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (home < 0 || chdir(e->name_dir) < 0)
		return fail_errno("enter %s, where %s is", e->name_dir, path_of(&r->m.arena, e));
	err = work(r, e, fd);
	return fchdir(home) < 0 ? fail_errno("come back from %s", e->name_dir) : err;
}

int unix_name_bind(struct restore *r, const UnixSkEntry *e, int fd)
{
	return is_bound_again(e) ? from_name_dir(r, e, fd, bind_here) : 0;
}

static int connect_here(struct restore *r, const UnixSkEntry *to, int fd)
{
	struct sockaddr_un name;
	socklen_t len = address(to, &name);

	if (connect(fd, (void *)&name, len) < 0)
		return fail_errno("connect with socket:[%u] at %s", to->ino,
				  unix_name_text(&r->m.arena, to));
	return 0;
}

int unix_name_connect(struct restore *r, const UnixSkEntry *to, int fd)
{
	return from_name_dir(r, to, fd, connect_here);
}
