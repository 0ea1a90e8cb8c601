/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directories of cgroups on this machine, and what is written to them when. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "cgroup/remove.h"
#include "cgroup/state.h"
#include "cgroup/write.h"
#include "kernel/read.h"
#include "run/journal.h"
#include "run/restore.h"

static const char *said(const struct cg_hierarchy *h)
{
	return *h->name ? h->name : "version 2";
}

/* A path that whoever takes the journal back can use: it has this descriptor too. */
static const char *system_path(struct restore *r, const struct cg_hierarchy *h, const char *path)
{
	const char *relative = hierarchy_relative(h, path);

	if (h->point)
		return arena_printf(&r->m.arena, "%s/%s", h->point, relative);
	return arena_printf(&r->m.arena, "/proc/self/fd/%d/%s", h->dir, relative);
}

/* The topmost directory that is made stands in the journal: with it goes what is below. */
static int make_dir(struct restore *r, const struct cg_hierarchy *h, const char *path, bool *is_noted)
{
	struct cgroups_restore *c = r->cgroups;
	int entry = -1;

	if (!*is_noted) {
		const char *whole = system_path(r, h, path);

		entry = journal_enter(r->journal, JOURNAL_CGROUP, whole, NULL);
		if (entry < 0)
			return entry;
		vec_push(&r->m.arena, &c->entries, entry);
		vec_push(&r->m.arena, &c->to_remove, whole);
	}
	*is_noted = true;
	if (mkdirat(h->dir, hierarchy_relative(h, path), 0755) < 0)
		return fail_errno("make cgroup %s of %s", path, said(h));
	return 0;
}

static void copy_at(int from, int to, const char *name)
{
	auto_fd int in = openat(from, name, O_RDONLY | O_CLOEXEC), out = openat(to, name, O_WRONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = in < 0 ? 0 : read(in, text, sizeof(text));

	if (n > 0 && out >= 0 && write(out, text, n) < 0)
		warn_errno("%s of a cgroup on the way", name);
}

/* A cpuset of version 1 begins empty, and what is below an empty one can have nothing. */
static void inherit_cpuset(int dir)
{
	auto_fd int up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	copy_at(up, dir, "cpuset.cpus");
	copy_at(up, dir, "cpuset.mems");
}

/* In version 2 a directory has the files of those controllers that its parent hands down. */
static void hand_down(int dir, const CgroupDirEntry *e)
{
	auto_fd int fd = openat(dir, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < e->n_properties && fd >= 0; i++) {
		const char *name = e->properties[i]->name;
		char word[64];
		int len = snprintf(word, sizeof(word), "+%.*s", (int)min(strcspn(name, "."), (size_t)60), name);

		/* What cannot be handed down is told when its file is missing. */
		if (!has_prefix(name, "cgroup.") && write(fd, word, len) < 0)
			debug("%s: not handed down", word);
	}
}

static int open_dir(const struct cg_hierarchy *h, const char *path)
{
	return openat(h->dir, hierarchy_relative(h, path), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What is missing on the way to a first-level directory. */
static int make_way(struct restore *r, const struct cg_hierarchy *h, const char *path, const CgroupDirEntry *e,
		    bool *is_noted)
{
	char *part = arena_strdup(&r->m.arena, path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		auto_fd int dir = -1;
		int err;

		*slash = 0;
		if (!hierarchy_relative(h, part) || faccessat(h->dir, hierarchy_relative(h, part), F_OK, 0) == 0) {
			*slash = '/';
			continue;
		}
		if (!new_root_for(&r->cgroups->new_roots, h->name))
			warn("cgroup %s of %s was missing and is made without limits: what is set above the cgroups of "
			     "the tree is not saved", part, said(h));
		err = make_dir(r, h, part, is_noted);
		if (err)
			return err;
		dir = open_dir(h, part);
		if (cgroup_name_has(h->name, "cpuset"))
			inherit_cpuset(dir);
		if (!*h->name)
			hand_down(dir, e);
		*slash = '/';
	}
	return 0;
}

/* This directory is there before: is that what the user wants? */
static int judge_existing(const struct restore *r, const struct cg_made *made)
{
	const char *own = cgroup_lines_path(&r->cgroups->now, made->h->name);

	if (r->cgroups->mode != CG_STRICT || (own && cgroup_path_is_below(own, made->path)))
		return 0;
	return fail(EEXIST, "cgroup %s of %s exists already: remove it, or use --manage-cgroups=soft", made->path,
		    said(made->h));
}

static bool writes_props(const struct restore *r, const struct cg_made *made)
{
	enum cgroup_mode mode = r->cgroups->mode;

	return made->level || (!streq(made->path, "/") && (mode == CG_PROPS || mode == CG_FULL));
}

static bool has_prop(const CgroupDirEntry *e, const char *name)
{
	for (size_t i = 0; i < e->n_properties; i++)
		if (streq(e->properties[i]->name, name))
			return true;
	return false;
}

/* of the machine's topmost cgroup nothing is saved */
static int inherit_unsaved(struct cg_made *made)
{
	int err;

	if (!made->level || !cgroup_name_has(made->h->name, "cpuset") || has_prop(made->entry, "cpuset.cpus"))
		return 0;
	err = cg_open_made(made);
	if (!err)
		inherit_cpuset(made->dir);
	return err;
}

static int set_up(struct restore *r, struct cg_made *made)
{
	int err = inherit_unsaved(made);

	if (!err && writes_props(r, made))
		err = cg_write_props(made, PROP_EARLY);
	if (!err && writes_props(r, made))
		err = cg_write_props(made, PROP_ENABLE);
	if (!err && r->cgroups->mode != CG_NONE && !streq(made->path, "/"))
		err = cg_set_perms(made);
	cg_close_made(made);
	return err;
}

/* The directories of one hierarchy that are being made, on the way down. */
struct way {
	const struct cg_hierarchy *h;
	struct cg_files *files;
	struct cg_level *level;		/* what is made in this parent */
	bool is_parent_new;		/* nothing is there before */
	bool is_noted;
};

static int make_or_take(struct restore *r, struct way *w, struct cg_made *made)
{
	enum cgroup_mode mode = r->cgroups->mode;

	if (!w->is_parent_new && !faccessat(w->h->dir, hierarchy_relative(w->h, made->path), F_OK, 0))
		return judge_existing(r, made);
	if (mode == CG_NONE || mode == CG_PROPS)
		return fail(ENOENT, "cgroup %s of %s does not exist, and with --manage-cgroups=%s none is made",
			    made->path, said(w->h), mode == CG_NONE ? "none" : "props");
	made->level = w->level;
	return make_dir(r, w->h, made->path, &w->is_noted);
}

static int make_tree(struct restore *r, struct way w, const char *path, const CgroupDirEntry *e)
{
	struct cg_made made = { .h = w.h, .path = path, .entry = e, .files = w.files, .dir = -1 };
	int err = make_or_take(r, &w, &made);

	if (!err)
		err = set_up(r, &made);
	if (err)
		return err;
	vec_push(&r->m.arena, &r->cgroups->dirs, made);
	w.is_parent_new = made.level;
	w.level = e->n_children ? arena_new(&r->m.arena, struct cg_level) : NULL;
	for (size_t i = 0; i < e->n_children && !err; i++)
		err = make_tree(r, w, arena_printf(&r->m.arena, "%s/%s", streq(path, "/") ? "" : path,
						   e->children[i]->dir_name), e->children[i]);
	return err;
}

static int make_head(struct restore *r, const struct cg_hierarchy *h, struct cg_files *files, const CgroupDirEntry *e)
{
	struct way w = { .h = h, .files = files, .level = arena_new(&r->m.arena, struct cg_level) };
	const char *path = arena_printf(&r->m.arena, "/%s", e->dir_name);
	enum cgroup_mode mode = r->cgroups->mode;
	int err = 0;

	if (!hierarchy_relative(h, path))
		return fail(ENOENT, "cgroup %s of %s is outside of what is mounted here (%s); use --cgroup-root or "
			    "--cgroup-yard", path, said(h), h->top);
	if (mode != CG_NONE && mode != CG_PROPS)
		err = make_way(r, h, path, e, &w.is_noted);
	return err ? err : make_tree(r, w, path, e);
}

static int get_hierarchy(struct restore *r, const CgControllerEntry *e, struct cg_hierarchy **ret)
{
	const char *name = e->cnames[0];

	for (size_t i = 1; i < e->n_cnames; i++)
		name = arena_printf(&r->m.arena, "%s,%s", name, e->cnames[i]);
	return hierarchy_get(&r->cgroups->hierarchies, name,
			     arena_printf(&r->m.arena, "/%s", e->n_dirs ? e->dirs[0]->dir_name : ""), ret);
}

static int read_own(struct restore *r)
{
	auto_proc_text own = { 0 };
	int err = proc_text_read(&own, "/proc/self/cgroup");

	if (!err)
		err = cgroup_lines_parse(&r->m.arena, arena_strdup(&r->m.arena, own.s), &r->cgroups->now);
	return err ? fail_with(err, "read /proc/self/cgroup") : 0;
}

int cgroups_prepare(struct restore *r)
{
	int err;

	if (!r->cgroups)
		return 0;
	err = read_own(r);
	if (!err)
		new_roots_tell(&r->cgroups->new_roots, &r->cgroups->now);
	for (size_t i = 0; i < r->m.cgroup->n_controllers && !err; i++) {
		struct cg_hierarchy *h;

		err = get_hierarchy(r, r->m.cgroup->controllers[i], &h);
	}
	return err;
}

int cgroups_make(struct restore *r)
{
	int err = 0;

	for (size_t i = 0; r->cgroups && i < r->m.cgroup->n_controllers && !err; i++) {
		const CgControllerEntry *e = r->m.cgroup->controllers[i];
		struct cg_files *files = arena_new(&r->m.arena, struct cg_files);
		struct cg_hierarchy *h;

		err = get_hierarchy(r, e, &h);
		*files = (struct cg_files){ .arena = &r->m.arena, .is_v2 = !err && !*h->name };
		for (size_t n = 0; n < e->n_dirs && !err; n++)
			err = make_head(r, h, files, e->dirs[n]);
	}
	return err || !r->cgroups ? err : cgroups_open_places(r);
}

void cgroups_unmake(struct restore *r)
{
	struct cgroups_restore *c = r->cgroups;

	for (size_t i = c ? c->to_remove.n : 0; i--;) {
		int err = cgroup_remove(c->to_remove.v[i]);

		if (err)
			warn("remove cgroup %s: %s", c->to_remove.v[i], strerror(-err));
		journal_strike(r->journal, c->entries.v[i]);
	}
	if (c)
		c->to_remove.n = 0;
}

static int write_all(struct restore *r, enum prop_when when)
{
	struct cgroups_restore *c = r->cgroups;
	int err = 0;

	for (size_t i = 0; c && i < c->dirs.n && !err; i++) {
		struct cg_made *made = &c->dirs.v[i];

		if (writes_props(r, made))
			err = cg_write_props(made, when);
		cg_close_made(made);
	}
	return err;
}

int cgroups_limit(struct restore *r)
{
	return write_all(r, PROP_LATE);
}

int cgroups_freeze(struct restore *r)
{
	return write_all(r, PROP_LAST);
}

void cgroups_commit(struct restore *r)
{
	struct cgroups_restore *c = r->cgroups;

	if (c)
		hierarchies_close(&c->hierarchies);
}
