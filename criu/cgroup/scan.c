/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which set of cgroups each thread is in, and which directories that takes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/cgroups.h"
#include "cgroup/lines.h"
#include "cgroup/roots.h"
#include "cgroup/tree.h"
#include "image/dir.h"
#include "kernel/read.h"
#include "ns/ns.h"
#include "options.h"
#include "run/dump.h"

enum { TOOLS_OWN_SET = 1 };

/* Threads whose /proc files hold the same bytes are in the same set: most trees are told by one comparison. */
struct cg_text {
	const char *text;
	size_t len;
	const struct ns *ns;		/* and what their cgroup namespace hides; NULL: nothing but what the tool's does */
	struct cg_lines lines;
};

struct cg_scan {
	struct dump *d;
	VEC(struct cg_text) texts;	/* [0] is the tool's own; the id of a set is its place + 1 */
	struct cg_hierarchies hierarchies;
	struct props props;
};

int cgroups_mode(const struct options *opt, enum cgroup_mode *ret)
{
	static const char *const names[] = { "ignore", "none", "props", "soft", "full", "strict" };
	const char *wanted = opt->manage_cgroups ? opt->manage_cgroups : "soft";

	for (size_t i = 0; i < array_size(names); i++)
		if (streq(names[i], wanted)) {
			*ret = i;
			return 0;
		}
	return fail(EINVAL, "invalid argument for --manage-cgroups: %s (ignore, none, props, soft, full or strict)",
		    wanted);
}

static int add_text(struct cg_scan *s, const struct proc_text *text, const struct ns *ns)
{
	struct arena *a = &s->d->m.arena;
	struct cg_text t = { .text = arena_strdup(a, text->s), .len = text->len, .ns = ns };

	if (cgroup_lines_parse(a, arena_strdup(a, text->s), &t.lines))
		return fail(EINVAL, "/proc/PID/cgroup holds what this tool does not understand");
	vec_push(a, &s->texts, t);
	return 0;
}

static int scan_thread(struct cg_scan *s, const struct task *t, struct thread *th)
{
	auto_proc_text text = { 0 };
	const struct ns *ns = ns_of(&s->d->m, t, NS_CGROUP);
	ThreadCoreEntry *tc = th->core->thread_core;
	size_t i;
	int err = proc_text_read(&text, "/proc/%d/task/%d/cgroup", leader(t)->pid_real, th->pid_real);

	if (err)
		return fail_with(err, "read the cgroups of thread %d", th->pid_real);
	for (i = 0; i < s->texts.n; i++)
		if (s->texts.v[i].ns == ns && s->texts.v[i].len == text.len &&
		    !memcmp(s->texts.v[i].text, text.s, text.len))
			break;
	if (i == s->texts.n)
		err = add_text(s, &text, ns);
	tc->has_cg_set = true;
	tc->cg_set = i + 1;
	return err;
}

static bool is_dumped(const struct dump *d, const char *name)
{
	const struct string_list *only = &d->opt->cgroup_dump_controller;

	for (unsigned int i = 0; i < only->n; i++)
		if (cgroup_is_called(name, only->v[i]))
			return true;
	return !only->n;
}

/* The paths of a namespace's first task tell how much it hides, for all in it. */
static const char *first_path(const struct cg_scan *s, const struct ns *ns, const char *name)
{
	uint32_t id = leader(ns->task)->core->thread_core->cg_set;

	return cgroup_lines_path(&s->texts.v[id - 1].lines, name);
}

static void set_prefix(struct cg_scan *s, const struct ns *ns, CgMemberEntry *m)
{
	const char *first = first_path(s, ns, m->name);
	long len = first ? cgroup_root_len(ns->data, m->name, first) : -1;

	if (len < 0 || (size_t)len > strlen(m->path) || strncmp(m->path, first, len)) {
		refuse(&s->d->refusals, REFUSE_NS_OUTSIDE, "cgroup %s of %s is not below the root of its cgroup namespace",
		       m->path, *m->name ? m->name : "version 2");
		return;
	}
	m->has_cgns_prefix = true;
	m->cgns_prefix = len;
}

static CgSetEntry *set_entry(struct cg_scan *s, size_t index)
{
	struct arena *a = &s->d->m.arena;
	CgSetEntry *e = arena_msg(a, CgSetEntry, cg_set_entry__init);
	const struct cg_lines *l = &s->texts.v[index].lines;

	e->id = index + 1;
	for (size_t i = 0; i < l->v.n; i++) {
		CgMemberEntry *m;

		if (!is_dumped(s->d, l->v.v[i].name))
			continue;
		m = arena_msg(a, CgMemberEntry, cg_member_entry__init);
		m->name = (char *)l->v.v[i].name;
		m->path = (char *)l->v.v[i].path;
		if (s->texts.v[index].ns)
			set_prefix(s, s->texts.v[index].ns, m);
		pb_push(a, e->ctls, e->n_ctls, m);
	}
	return e;
}

static int compare_paths(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a, *y = *(const unsigned char *const *)b;

	for (; *x && *x == *y; x++, y++)
		;
	/* '/' before everything else: what is below a path follows it at once */
	return (*x == '/' ? 1 : *x) - (*y == '/' ? 1 : *y);
}

static void collect_paths(struct cg_scan *s, const char *name, struct cg_tree *t)
{
	size_t n = 0;

	for (size_t i = TOOLS_OWN_SET; i < s->texts.n; i++) {
		const char *path = cgroup_lines_path(&s->texts.v[i].lines, name);

		if (path)
			vec_push(t->arena, &t->wanted, path);
	}
	if (t->wanted.n)
		qsort(t->wanted.v, t->wanted.n, sizeof(t->wanted.v[0]), compare_paths);
	for (size_t i = 0; i < t->wanted.n; i++)
		if (!n || !streq(t->wanted.v[n - 1], t->wanted.v[i]))
			t->wanted.v[n++] = t->wanted.v[i];
	t->wanted.n = n;
}

static void cut_names(struct arena *a, const char *name, CgControllerEntry *e)
{
	char *rest = arena_strdup(a, name), *word;

	while ((word = strsep(&rest, ",")))
		pb_push(a, e->cnames, e->n_cnames, word);
}

/* A cgroup that the tool is in too, or below, is not the tree's alone: what else is below it is none of its business. */
static bool is_trees_own(const struct cg_scan *s, const char *name, const char *path)
{
	const char *own = cgroup_lines_path(&s->texts.v[0].lines, name);

	return !own || !cgroup_path_is_below(own, path);
}

static bool is_threaded(const char *name, const CgroupDirEntry *e)
{
	if (*name)
		return true;
	for (size_t i = 0; i < e->n_properties; i++)
		if (streq(e->properties[i]->name, "cgroup.type") && streq(e->properties[i]->value, "threaded"))
			return true;
	for (size_t i = 0; i < e->n_children; i++)
		if (is_threaded(name, e->children[i]))
			return true;
	return false;
}

static void note_frozen(const struct cg_scan *s, struct cg_tree *t)
{
	const struct freezer *f = &s->d->freezer;
	struct stat st;

	if (f->was_frozen && !stat(f->dir, &st))
		vec_push(t->arena, &t->frozen, ((struct cg_id){ st.st_dev, st.st_ino }));
}

static int scan_hierarchy(struct cg_scan *s, const char *name)
{
	struct arena *a = &s->d->m.arena;
	CgControllerEntry *e = arena_msg(a, CgControllerEntry, cg_controller_entry__init);
	struct cg_tree t = { .arena = a, .props = &s->props };
	const char *head = NULL;
	struct cg_hierarchy *h;
	int err;

	collect_paths(s, name, &t);
	if (!t.wanted.n)
		return 0;
	err = hierarchy_get(&s->hierarchies, name, t.wanted.v[0], &h);
	if (err)
		return err;
	t.h = h;
	note_frozen(s, &t);
	cut_names(a, name, e);
	e->has_is_threaded = true;
	for (size_t i = 0; i < t.wanted.n; i++) {
		CgroupDirEntry *dir;

		if (head && cgroup_path_is_below(t.wanted.v[i], head))
			continue;
		head = t.wanted.v[i];
		err = cg_tree_scan(&t, head, is_trees_own(s, name, head), &dir);
		if (err)
			return err;
		e->is_threaded |= is_threaded(name, dir);
		pb_push(a, e->dirs, e->n_dirs, dir);
	}
	pb_push(a, s->d->m.cgroup->controllers, s->d->m.cgroup->n_controllers, e);
	return 0;
}

static void tell_unknown_controllers(const struct cg_scan *s)
{
	const struct string_list *only = &s->d->opt->cgroup_dump_controller;

	for (unsigned int i = 0; i < only->n; i++)
		if (!cgroup_lines_called(&s->texts.v[0].lines, only->v[i]))
			warn("--cgroup-dump-controller %s: this machine has no hierarchy with it", only->v[i]);
}

static int scan_directories(struct cg_scan *s)
{
	struct arena *a = &s->d->m.arena;
	/* All tasks of a machine are in the same hierarchies. */
	const struct cg_lines *l = &s->texts.v[0].lines;
	int err = 0;

	s->d->m.cgroup = arena_msg(a, CgroupEntry, cgroup_entry__init);
	for (size_t i = TOOLS_OWN_SET; i < s->texts.n; i++)
		pb_push(a, s->d->m.cgroup->sets, s->d->m.cgroup->n_sets, set_entry(s, i));
	for (size_t i = 0; i < l->v.n && !err; i++)
		if (is_dumped(s->d, l->v.v[i].name))
			err = scan_hierarchy(s, l->v.v[i].name);
	hierarchies_close(&s->hierarchies);
	return err;
}

int cgroups_scan(struct dump *d)
{
	struct cg_scan s = { .d = d, .hierarchies = { .arena = &d->m.arena, .yard = d->opt->cgroup_yard } };
	auto_proc_text own = { 0 };
	enum cgroup_mode mode;
	int err = cgroups_mode(d->opt, &mode);

	if (err || mode == CG_IGNORE || d->opt->unprivileged)
		return err;
	/* Here, so that a mistake in them is told of a tree without cgroups, too. */
	err = props_build(&d->m.arena, d->opt->cgroup_props, d->opt->cgroup_props_file, &s.props);
	if (err)
		return err;
	err = proc_text_read(&own, "/proc/self/cgroup");
	if (err == -ENOENT)
		return 0;		/* a kernel without cgroups */
	if (err)
		return fail_with(err, "read /proc/self/cgroup");
	err = add_text(&s, &own, NULL);
	if (!err)
		tell_unknown_controllers(&s);
	for (size_t i = 0; i < d->m.tasks.n && !err; i++) {
		struct task *t = d->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);

		for (size_t n = 0; is_alive(t) && n < t->n_threads && !err; n++)
			err = scan_thread(&s, t, &t->threads[n]);
	}
	if (!err && s.texts.n > TOOLS_OWN_SET)
		err = scan_directories(&s);
	return err;
}

int cgroups_save(struct dump *d)
{
	return d->m.cgroup ? image_write_one(d->img_dir, IMG_CGROUP, 0, &d->m.cgroup->base) : 0;
}
