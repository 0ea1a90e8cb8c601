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

int proc_text_read(struct proc_text *ret, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	auto_fd int fd = -1;
	int len, err;

	ret->s = ret->room;
	ret->len = 0;
	va_start(args, fmt);
	len = vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = proc_open(path, O_RDONLY);
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
