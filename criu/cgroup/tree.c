/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories of a hierarchy, with their properties, into records. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "cgroup/lines.h"
#include "cgroup/programs.h"
#include "cgroup/tree.h"
#include "cgroup/value.h"

/* One open directory of the walk. */
struct cg_dir {
	int fd;
	const char *path;		/* of the cgroup, from the root of the hierarchy */
	const char *controllers;	/* of version 2: those that work here, between blanks */
	bool is_whole;
};

static CgroupPerms *perms_of(struct arena *a, const struct stat *st)
{
	CgroupPerms *p = arena_msg(a, CgroupPerms, cgroup_perms__init);

	p->mode = st->st_mode;
	p->uid = st->st_uid;
	p->gid = st->st_gid;
	return p;
}

static void push_prop(struct cg_tree *t, CgroupDirEntry *e, const char *name, const char *value, CgroupPerms *perms)
{
	CgroupPropEntry *p = arena_msg(t->arena, CgroupPropEntry, cgroup_prop_entry__init);

	p->name = (char *)name;
	p->value = (char *)value;
	p->perms = perms;
	pb_push(t->arena, e->properties, e->n_properties, p);
}

static void push_value(struct cg_tree *t, CgroupDirEntry *e, const struct prop *p, const char *name, char *value,
		       CgroupPerms *perms)
{
	char *line;

	value = cg_value_cut(p, value);
	if (p->style != PROP_LINES) {
		push_prop(t, e, name, value, perms);
		return;
	}
	/* One write sets one line, whoever restores it. */
	while ((line = next_line(&value)))
		push_prop(t, e, name, line, perms);
}

static int scan_prop(struct cg_tree *t, const struct cg_dir *dir, const struct prop *p, const char *name,
		     CgroupDirEntry *e)
{
	auto_fd int fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *value = NULL;
	int err;

	if (fd < 0 && errno == EACCES) {	/* write-only: its owner and mode are all there is */
		if (fstatat(dir->fd, name, &st, 0) < 0)
			return fail_errno("look at %s%s/%s", t->h->name, dir->path, name);
		push_prop(t, e, name, "", perms_of(t->arena, &st));
		return 0;
	}
	if (fd < 0)
		return errno == ENOENT ? 0 : fail_errno("open %s%s/%s", t->h->name, dir->path, name);
	if (fstat(fd, &st) < 0)
		return fail_errno("look at %s%s/%s", t->h->name, dir->path, name);
	if (p->when != PROP_PERMS) {
		err = cg_value_read(t->arena, fd, &value);
		if (err == -EOPNOTSUPP || err == -ENODEV)
			return 0;	/* shown, but not in effect (io.* without a scheduler, threaded groups) */
		if (err)
			return fail_with(err, "read %s%s/%s", t->h->name, dir->path, name);
	}
	push_value(t, e, p, name, value ? value : arena_strdup(t->arena, ""), perms_of(t->arena, &st));
	return 0;
}

/* Sizes of huge pages are as many as the machine has: their files are found by looking. */
static int scan_pattern(struct cg_tree *t, const struct cg_dir *dir, const struct prop *p, CgroupDirEntry *e)
{
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!list)
		return fail_errno("list cgroup %s", dir->path);
	while (!err && (d = readdir(list)))
		if (prop_name_matches(p->name, d->d_name))
			err = scan_prop(t, dir, p, arena_strdup(t->arena, d->d_name), e);
	return err;
}

static bool is_on(const struct cg_tree *t, const struct cg_dir *dir, const struct prop *p)
{
	bool is_v2 = !*t->h->name;

	if (!(p->version & (is_v2 ? PROP_V2 : PROP_V1)) || p->style == PROP_FREEZER)
		return false;
	if (!*p->controller)
		return true;
	if (!is_v2)
		return cgroup_name_has(t->h->name, p->controller);
	return strstr(dir->controllers, arena_printf(t->arena, " %s ", p->controller));
}

static int read_controllers(struct cg_tree *t, struct cg_dir *dir)
{
	auto_fd int fd = *t->h->name ? -1 : openat(dir->fd, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	int err;

	dir->controllers = "";
	if (fd < 0)
		return 0;
	err = cg_value_read(t->arena, fd, &text);
	if (err)
		return fail_with(err, "read cgroup.controllers of %s", dir->path);
	dir->controllers = arena_printf(t->arena, " %s ", text);
	return 0;
}

/* The dump itself lets held tasks go for a while: what is saved is how the target had it. */
static void set_frozen(struct cg_tree *t, const struct cg_dir *dir, const struct stat *st, CgroupDirEntry *e)
{
	struct stat file;
	size_t found;

	for (found = 0; found < t->frozen.n; found++)
		if (t->frozen.v[found].dev == st->st_dev && t->frozen.v[found].ino == st->st_ino)
			break;
	if (found == t->frozen.n)
		return;
	if (*t->h->name && !fstatat(dir->fd, "freezer.state", &file, 0))
		push_prop(t, e, "freezer.state", "FROZEN", perms_of(t->arena, &file));
	for (size_t i = 0; i < e->n_properties; i++)
		if (streq(e->properties[i]->name, "cgroup.freeze"))
			e->properties[i]->value = arena_strdup(t->arena, "1");
}

/*
 * The topmost cgroup of the machine, which no namespace hides: only it has no type (version 2), and only it has a release
 * agent (version 1).
 */
static bool is_machine_root(const struct cg_tree *t, const struct cg_dir *dir)
{
	return *t->h->name ? !faccessat(dir->fd, "release_agent", F_OK, 0) : faccessat(dir->fd, "cgroup.type", F_OK, 0);
}

static int scan_props(struct cg_tree *t, struct cg_dir *dir, CgroupDirEntry *e)
{
	int err;

	/* How the machine has it is no limit of the tree's, and in another cgroup (--cgroup-root) would be wrong. */
	if (is_machine_root(t, dir))
		return 0;
	err = read_controllers(t, dir);
	for (size_t i = 0; i < t->props->v.n && !err; i++) {
		const struct prop *p = &t->props->v.v[i];

		if (!is_on(t, dir, p))
			continue;
		err = strchr(p->name, '*') ? scan_pattern(t, dir, p, e) : scan_prop(t, dir, p, p->name, e);
	}
	return err;
}

static bool leads_to_wanted(const struct cg_tree *t, const char *path)
{
	for (size_t i = 0; i < t->wanted.n; i++)
		if (cgroup_path_is_below(t->wanted.v[i], path))
			return true;
	return false;
}

/* Of cgroups on the way that others are in, too, the programs stay with those. */
static void tell_programs(const struct cg_tree *t, const struct cg_dir *dir)
{
	bool is_of_tree = dir->is_whole;

	if (*t->h->name || is_machine_root(t, dir))
		return;
	for (size_t i = 0; i < t->wanted.n && !is_of_tree; i++)
		is_of_tree = streq(t->wanted.v[i], dir->path);
	if (is_of_tree)
		cgroup_programs_tell(t->arena, dir->fd, dir->path);
}

static int scan_dir(struct cg_tree *t, struct cg_dir *dir, const char *name, CgroupDirEntry **ret);

static int scan_children(struct cg_tree *t, const struct cg_dir *dir, CgroupDirEntry *e)
{
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!list)
		return fail_errno("list cgroup %s", dir->path);
	while ((d = readdir(list))) {
		struct cg_dir child = { .is_whole = dir->is_whole };
		CgroupDirEntry *entry;
		int err;

		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		child.path = arena_printf(t->arena, "%s/%s", streq(dir->path, "/") ? "" : dir->path, d->d_name);
		if (!child.is_whole && !leads_to_wanted(t, child.path))
			continue;
		child.fd = openat(dir->fd, d->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (child.fd < 0 && errno == ENOENT)
			continue;
		if (child.fd < 0)
			return fail_errno("open cgroup %s", child.path);
		err = scan_dir(t, &child, arena_strdup(t->arena, d->d_name), &entry);
		close(child.fd);
		if (err)
			return err;
		pb_push(t->arena, e->children, e->n_children, entry);
	}
	return 0;
}

static int scan_dir(struct cg_tree *t, struct cg_dir *dir, const char *name, CgroupDirEntry **ret)
{
	CgroupDirEntry *e = arena_msg(t->arena, CgroupDirEntry, cgroup_dir_entry__init);
	struct stat st;
	int err;

	e->dir_name = (char *)name;
	if (fstat(dir->fd, &st) < 0)
		return fail_errno("look at cgroup %s", dir->path);
	e->dir_perms = perms_of(t->arena, &st);
	err = scan_props(t, dir, e);
	if (!err)
		set_frozen(t, dir, &st, e);
	tell_programs(t, dir);
	if (!err && st.st_nlink > 2)	/* the links of a directory count what is below it */
		err = scan_children(t, dir, e);
	*ret = e;
	return err;
}

int cg_tree_scan(struct cg_tree *t, const char *path, bool is_whole, CgroupDirEntry **ret)
{
	const char *relative = hierarchy_relative(t->h, path);
	struct cg_dir dir = { .path = path, .is_whole = is_whole };
	int err;

	if (!relative)
		return fail(ENOENT, "cgroup %s of %s is outside of what is mounted here (%s); name a directory with "
			    "--cgroup-yard", path, t->h->name, t->h->top);
	dir.fd = openat(t->h->dir, relative, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir.fd < 0)
		return fail_errno("open cgroup %s of %s", path, *t->h->name ? t->h->name : "version 2");
	err = scan_dir(t, &dir, path + 1, ret);
	close(dir.fd);
	return err;
}
