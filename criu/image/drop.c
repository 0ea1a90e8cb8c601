/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what an unfinished dump has written. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/drop.h"

static const char *const patterns[] = {
#define IMAGE(id, name, magic, record) name,
#include "image/images.def"
#undef IMAGE
};

/* "core-%lu.img" against "core-41.img": the number may be decimal or hexadecimal. */
static bool matches(const char *pattern, const char *name)
{
	const char *mark = strchr(pattern, '%'), *rest;
	size_t head = mark ? (size_t)(mark - pattern) : strlen(pattern);

	if (!mark)
		return streq(pattern, name);
	if (strncmp(pattern, name, head))
		return false;
	name += head;
	rest = strchr(mark, '.');
	if (!rest || !strspn(name, "0123456789abcdef"))
		return false;
	return streq(rest, name + strspn(name, "0123456789abcdef"));
}

static bool is_image(const char *name)
{
	for (size_t i = 0; i < array_size(patterns); i++)
		if (matches(patterns[i], name))
			return true;
	return false;
}

int images_drop(const char *path)
{
	auto_dir DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : fail_errno("list the images directory %s", path);
	if (unlinkat(dirfd(dir), "inventory.img", 0) < 0 && errno != ENOENT)
		return fail_errno("remove the old %s/inventory.img", path);
	while ((e = readdir(dir)))
		if (is_image(e->d_name) && unlinkat(dirfd(dir), e->d_name, 0) < 0 && errno != ENOENT)
			warn_errno("remove %s/%s", path, e->d_name);
	return 0;
}

void images_take_back(const char *path, const char *value not_used)
{
	if (images_drop(path))
		warn("an unfinished snapshot stays in %s", path);
}
