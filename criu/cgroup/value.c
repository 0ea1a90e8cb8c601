/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a file of a cgroup. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "cgroup/value.h"

enum { VALUE_MAX = 64 << 10 };

int cg_value_read(struct arena *a, int fd, char **ret)
{
	char room[4096], *all = NULL;
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, room, sizeof(room))) > 0) {
		char *more;

		if (len + n > VALUE_MAX)
			return -EFBIG;
		more = arena_alloc(a, len + n + 1);
		if (len)
			memcpy(more, all, len);
		memcpy(more + len, room, n);
		all = more;
		len += n;
	}
	if (n < 0)
		return -errno;
	if (len && all[len - 1] == '\n')
		all[len - 1] = 0;
	*ret = all ? all : arena_strdup(a, "");
	return 0;
}

char *cg_value_cut(const struct prop *p, char *text)
{
	char *number = p->style == PROP_OOM ? strchr(text, ' ') : NULL;

	if (!number)
		return text;
	number[1 + strspn(number + 1, "0123456789")] = 0;
	return number + 1;
}
