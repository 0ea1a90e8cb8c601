/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/fdinfo/N: lines that every file has, and lines for the kind. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/fdinfo.h"

enum { LINE_BYTES = 512 };

/* Copies a line (cut if it is longer than any the kernel prints) and steps behind it. */
static bool copy_line(const char **text, char ret_line[LINE_BYTES])
{
	const char *end = strchr(*text, '\n');
	size_t len = end ? (size_t)(end - *text) : strlen(*text), kept;

	if (!**text)
		return false;
	kept = min(len, (size_t)LINE_BYTES - 1);
	memcpy(ret_line, *text, kept);
	ret_line[kept] = 0;
	*text += len + (end ? 1 : 0);
	return true;
}

/* 0, FDINFO_NOT_MINE, or a negative errno. */
static int parse_common(const char *key, const char *val, struct fdinfo_common *c)
{
	if (streq(key, "pos"))
		return parse_u64(val, 10, &c->pos);
	if (streq(key, "flags"))
		return parse_u32(val, 8, &c->flags);
	if (streq(key, "mnt_id"))
		return parse_i32(val, 10, &c->mnt_id);
	return streq(key, "ino") || streq(key, "lock") ? 0 : FDINFO_NOT_MINE;
}

int fdinfo_parse(const char *text, struct fdinfo_common *ret)
{
	struct fdinfo_common c = { .mnt_id = -1 };
	char line[LINE_BYTES];
	const char *key, *val;
	bool has_flags = false;

	while (copy_line(&text, line)) {
		if (split_key(line, &key, &val)) {
			int err = parse_common(key, val, &c);

			if (err < 0)
				return err;
			has_flags |= streq(key, "flags");
		}
	}
	if (!has_flags)
		return -EINVAL;
	*ret = c;
	return 0;
}

int fdinfo_offer(struct dump *d, const struct file_kind *kind, void *rec, const char *text)
{
	struct fdinfo_common ignored;
	char line[LINE_BYTES];
	const char *key, *val;

	while (copy_line(&text, line)) {
		int err;

		if (!split_key(line, &key, &val) || parse_common(key, val, &ignored) != FDINFO_NOT_MINE)
			continue;
		err = kind->fdinfo ? kind->fdinfo(d, rec, key, val) : FDINFO_NOT_MINE;
		if (err < 0)
			return fail_with(err, "\"%s: %s\"", key, val);
		if (err == FDINFO_NOT_MINE)
			warn("the line \"%s: %s\" means nothing to this version: what it says is lost", key, val);
	}
	return 0;
}

int fdinfo_read(int dir, const char *name, char **text, size_t *room)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		if (len + 1 >= *room) {
			size_t more = *room ? *room * 2 : 4096;
			char *p = realloc(*text, more);

			if (!p)
				return -ENOMEM;
			*text = p;
			*room = more;
		}
		n = read(fd, *text + len, *room - len - 1);
		if (n < 0)
			return -errno;
		len += n;
		/* A short read is the whole of it: seq files fill what they are given while there is more. */
	} while (n && len + 1 == *room);
	(*text)[len] = 0;
	return 0;
}
