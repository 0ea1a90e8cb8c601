/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of /proc/PID/cgroup: "ID:CONTROLLERS:PATH", one line a hierarchy. */
#include <errno.h>
#include <stdlib.h>
#include "base/parse.h"
#include "cgroup/lines.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct cg_line *)a)->name, ((const struct cg_line *)b)->name);
}

/* A cgroup that was removed while a zombie is in it; no name can end like that and be meant, for it has a blank. */
static void cut_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path);

	if (len >= sizeof(mark) - 1 && streq(path + len - (sizeof(mark) - 1), mark))
		path[len - (sizeof(mark) - 1)] = 0;
}

int cgroup_lines_parse(struct arena *a, char *text, struct cg_lines *ret)
{
	struct cg_lines lines = { 0 };
	char *line;

	while ((line = next_line(&text))) {
		char *name = strchr(line, ':'), *path = name ? strchr(name + 1, ':') : NULL;

		if (!path || path[1] != '/')
			return -EINVAL;
		*path++ = 0;	/* a path may hold colons, what stands before it may not */
		cut_deleted(path);
		vec_push(a, &lines.v, ((struct cg_line){ .name = name + 1, .path = path }));
	}
	if (lines.v.n)
		qsort(lines.v.v, lines.v.n, sizeof(lines.v.v[0]), compare_names);
	*ret = lines;
	return 0;
}

const char *cgroup_lines_path(const struct cg_lines *l, const char *name)
{
	for (size_t i = 0; i < l->v.n; i++)
		if (streq(l->v.v[i].name, name))
			return l->v.v[i].path;
	return NULL;
}

int cgroup_name_has(const char *name, const char *word)
{
	size_t len = strlen(word);

	if (!len || !*name)
		return !len && !*name;
	for (; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL)
		if (has_prefix(name, word) && (name[len] == ',' || !name[len]))
			return 1;
	return 0;
}

int cgroup_path_is_good(const char *p)
{
	while (*p) {
		size_t len = strcspn(p, "/");

		if (!len || (len <= 2 && !strncmp(p, "..", len)) || memchr(p, '\n', len))
			return 0;
		p += len;
		if (*p == '/' && !p[1])
			return 0;
		p += *p == '/';
	}
	return 1;
}

int cgroup_is_called(const char *name, const char *word)
{
	if (cgroup_name_has(name, word))
		return 1;
	return *name ? has_prefix(name, "name=") && streq(name + strlen("name="), word) : streq(word, "unified");
}

int cgroup_lines_called(const struct cg_lines *l, const char *word)
{
	for (size_t i = 0; i < l->v.n; i++)
		if (cgroup_is_called(l->v.v[i].name, word))
			return 1;
	return 0;
}

int cgroup_path_is_below(const char *path, const char *top)
{
	size_t len = streq(top, "/") ? 0 : strlen(top);

	return !strncmp(path, top, len) && (path[len] == '/' || !path[len]);
}
