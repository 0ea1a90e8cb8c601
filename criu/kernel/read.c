/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc have no size: read until there is nothing more. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/own.h"
#include "kernel/read.h"

static int proc_dir = -1;

void proc_keep(int fd)
{
	proc_dir = fd;
}

/* The directory that it is looked up from, and *path below that. */
static int begin_of(const char **path)
{
	static const char mount[] = "/proc/";

	if (proc_dir < 0 || strncmp(*path, mount, sizeof(mount) - 1))
		return AT_FDCWD;
	*path += sizeof(mount) - 1;
	return proc_dir;
}

int proc_open(const char *path, int flags)
{
	int dir = begin_of(&path), fd = openat(dir, path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

ssize_t proc_readlink(const char *path, char *ret, size_t size)
{
	int dir = begin_of(&path);

	return readlinkat(dir, path, ret, size);
}

static int grow(struct proc_text *t, size_t *room)
{
	bool was_inside = t->s == t->room;
	char *bigger = realloc(was_inside ? NULL : t->s, *room * 4);

	if (!bigger)
		return -ENOMEM;
	if (was_inside)
		memcpy(bigger, t->room, t->len);
	t->s = bigger;
	*room *= 4;
	return 0;
}

static int read_all(int fd, struct proc_text *t)
{
	size_t room = sizeof(t->room);

	for (;;) {
		ssize_t n = read(fd, t->s + t->len, room - 1 - t->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		t->len += n;
		t->s[t->len] = 0;
		/* seq_file gives whole records, so a short read is no proof of the end; only 0 is. */
		if (!n)
			return 0;
		if (t->len + 1 == room && grow(t, &room) < 0)
			return -ENOMEM;
	}
}

static int printf_like(1, 0) open_printed(const char *fmt, va_list args)
{
	char path[PATH_MAX];

	if (vsnprintf(path, sizeof(path), fmt, args) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return proc_open(path, O_RDONLY);
}

int proc_text_read(struct proc_text *ret, const char *fmt, ...)
{
	va_list args;
	auto_fd int fd = -1;
	int err;

	ret->s = ret->room;
	ret->len = 0;
	va_start(args, fmt);
	fd = open_printed(fmt, args);
	va_end(args);
	if (fd < 0)
		return fd;
	err = read_all(fd, ret);
	if (err)
		proc_text_free(ret);
	return err;
}

void proc_text_free(struct proc_text *t)
{
	if (t->s != t->room)
		free(t->s);
	t->s = t->room;
}

int proc_text_pieces(int (*take)(void *arg, char *lines), void *arg, const char *fmt, ...)
{
	enum { ROOM = 32768 };		/* the longest line has a path, of which every byte may be printed as \ooo */
	char buf[ROOM];
	auto_fd int fd = -1;
	size_t len = 0;
	va_list args;

	va_start(args, fmt);
	fd = open_printed(fmt, args);
	va_end(args);
	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = read(fd, buf + len, ROOM - 1 - len);
		size_t whole;
		char *nl, after;
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += n;
		nl = memrchr(buf, '\n', len);
		whole = !n || !nl ? len : (size_t)(nl + 1 - buf);
		if (n && !nl && len < ROOM - 1)
			continue;
		if (n && !nl)
			return -E2BIG;
		after = buf[whole];
		buf[whole] = 0;
		err = len ? take(arg, buf) : 0;
		if (err || !n)
			return err;
		buf[whole] = after;
		len -= whole;
		memmove(buf, buf + whole, len);
	}
}
