/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "[CONTROLLER:]/PATH": where the topmost cgroups of a tree are now. */
#include <errno.h>
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/new_root.h"
#include "options.h"

static int cut_root(struct arena *a, const char *arg, struct new_root *ret)
{
	char *text = arena_strdup(a, arg), *path = strchr(text, '/');
	size_t len = path ? strlen(path) : 0;

	while (len > 1 && path[len - 1] == '/')
		path[--len] = 0;
	if (!path || (path > text && path[-1] != ':') || !cgroup_path_is_good(path + 1))
		return fail(EINVAL, "invalid argument for --cgroup-root: %s ([CONTROLLER:]/PATH)", arg);
	*ret = (struct new_root){ .path = path, .said = arg };
	if (path > text)
		ret->controller = arena_printf(a, "%.*s", (int)(path - text - 1), text);
	return 0;
}

int new_roots_read(struct arena *a, const struct string_list *args, struct new_roots *ret)
{
	for (unsigned int i = 0; i < args->n; i++) {
		struct new_root root;
		int err = cut_root(a, args->v[i], &root);

		if (err)
			return err;
		vec_push(a, &ret->v, root);
	}
	return 0;
}

/* The last one that concerns a hierarchy counts, one with its name before one for all. */
const char *new_root_for(const struct new_roots *roots, const char *name)
{
	const char *any = NULL, *own = NULL;

	for (size_t i = 0; i < roots->v.n; i++) {
		const struct new_root *root = &roots->v.v[i];

		if (!root->controller)
			any = root->path;
		else if (cgroup_is_called(name, root->controller))
			own = root->path;
	}
	return own ? own : any;
}

void new_roots_tell(const struct new_roots *roots, const struct cg_lines *now)
{
	for (size_t i = 0; i < roots->v.n; i++) {
		const struct new_root *root = &roots->v.v[i];

		if (root->controller && !cgroup_lines_called(now, root->controller))
			warn("--cgroup-root %s: this machine has no hierarchy with %s, so nothing moves there", root->said,
			     root->controller);
	}
}
