/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of mountinfo, of kernels since 2.6.26 (fs/proc_namespace.c, show_mountinfo):
 *	36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue
 * Fields are separated by one blank each, and a source may be empty, so blanks are never skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/own.h"
#include "base/parse.h"
#include "base/vec.h"
#include "kernel/mountinfo.h"

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

void mount_unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && is_octal(s[1]) && is_octal(s[2]) && is_octal(s[3])) {
			*out++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = 0;
}

/* The next field, cut at its blank; NULL at the end of the line. */
static char *take_field(char **line)
{
	char *field = *line, *blank;

	if (!field)
		return NULL;
	blank = strchr(field, ' ');
	if (blank)
		*blank++ = 0;
	*line = blank;
	return field;
}

static int parse_dev(char *field, uint32_t *ret)
{
	char *colon = strchr(field, ':');
	uint32_t major, minor;

	if (!colon)
		return -EINVAL;
	*colon++ = 0;
	if (parse_u32(field, 10, &major) || parse_u32(colon, 10, &minor))
		return -EINVAL;
	*ret = major << 20 | minor;
	return 0;
}

/* Fields up to the lone "-"; ones of kernels to come are left alone, as the manual page asks for. */
static int take_optional(char **line, struct mountinfo *m)
{
	char *field;

	while ((field = take_field(line)) && !streq(field, "-")) {
		if (has_prefix(field, "shared:")) {
			if (parse_u32(field + strlen("shared:"), 10, &m->shared))
				return -EINVAL;
		} else if (has_prefix(field, "master:")) {
			if (parse_u32(field + strlen("master:"), 10, &m->master))
				return -EINVAL;
		} else if (streq(field, "unbindable")) {
			m->is_unbindable = true;
		}
	}
	return field ? 0 : -EINVAL;
}

/* fs/d_path.c: the root of a bind whose source was removed ends with this. */
static void cut_deleted(struct mountinfo *m)
{
	static const char deleted[] = "//deleted";
	size_t len = strlen(m->root), cut = sizeof(deleted) - 1;

	if (len > cut && streq(m->root + len - cut, deleted)) {
		m->root[len - cut] = 0;
		m->is_deleted = true;
	}
}

static int parse_line(char *line, struct mountinfo *m)
{
	char *id = take_field(&line), *parent = take_field(&line), *dev = take_field(&line);

	m->root = take_field(&line);
	m->point = take_field(&line);
	m->options = take_field(&line);
	if (!m->options || parse_u32(id, 10, &m->id) || parse_u32(parent, 10, &m->parent) || parse_dev(dev, &m->dev) ||
	    take_optional(&line, m))
		return -EINVAL;
	m->fstype = take_field(&line);
	m->source = take_field(&line);
	m->sb_options = line;
	if (!m->sb_options)
		return -EINVAL;
	mount_unescape(m->root);
	mount_unescape(m->point);
	mount_unescape(m->fstype);
	mount_unescape(m->source);
	cut_deleted(m);
	return 0;
}

int mountinfo_parse(struct arena *a, char *text, struct mountinfo_list *ret)
{
	VEC(struct mountinfo) list = { 0 };
	char *line;

	while ((line = next_line(&text))) {
		struct mountinfo m = { 0 };
		int err = parse_line(line, &m);

		if (err)
			return err;
		vec_push(a, &list, m);
	}
	*ret = (struct mountinfo_list){ list.v, list.n };
	return 0;
}

int mountinfo_read(struct arena *a, int dir, const char *path, struct mountinfo_list *ret)
{
	auto_fd int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, room = 16 << 10;
	char *text = arena_alloc(a, room);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text + len, room - len - 1)) > 0) {
		len += n;
		if (len + 1 == room) {
			char *bigger = arena_alloc(a, room * 2);

			memcpy(bigger, text, len);
			text = bigger;
			room *= 2;
		}
	}
	if (n < 0)
		return -errno;
	text[len] = 0;
	return mountinfo_parse(a, text, ret);
}
