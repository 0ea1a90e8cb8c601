/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroup namespaces: their roots at dump, and the way there and back at restore. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "base/parse.h"
#include "cgroup/cgroups.h"
#include "cgroup/roots.h"
#include "cgroup/state.h"
#include "kernel/read.h"
#include "ns/ns.h"
#include "run/dump.h"
#include "run/restore.h"

int cgroups_scan_roots(struct dump *d, const struct task *t, struct cg_roots **ret)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/%d/cgroup", leader(t)->pid_real);

	if (err)
		return fail_with(err, "read the cgroups of process %d", leader(t)->pid_real);
	*ret = arena_new(&d->m.arena, struct cg_roots);
	if (cgroup_lines_parse(&d->m.arena, arena_strdup(&d->m.arena, text.s), &(*ret)->inside))
		return fail(EINVAL, "/proc/PID/cgroup holds what this tool does not understand");
	for (size_t i = 0; i < (*ret)->inside.v.n; i++)
		if (has_prefix((*ret)->inside.v.v[i].path, "/.."))
			refuse(&d->refusals, REFUSE_NS_OUTSIDE, "process %d is in a cgroup (%s) that its cgroup namespace "
			       "does not show", leader(t)->pid, (*ret)->inside.v.v[i].path);
	return 0;
}

long cgroup_root_len(const struct cg_roots *r, const char *name, const char *path)
{
	const char *inside = cgroup_lines_path(&r->inside, name);
	size_t len = strlen(path), shown = !inside || streq(inside, "/") ? 0 : strlen(inside);

	if (!inside || shown > len || !streq(path + len - shown, shown ? inside : ""))
		return -1;
	return len - shown;
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int open_roots(struct restore *r, struct cg_set *s)
{
	if (!s || s->roots)
		return 0;
	s->roots = arena_array(&r->m.arena, struct cg_place *, s->entry->n_ctls + 1);
	for (size_t i = 0; i < s->entry->n_ctls; i++) {
		const CgMemberEntry *m = s->entry->ctls[i];
		const char *root = arena_printf(&r->m.arena, "%.*s", (int)m->cgns_prefix, m->path);
		int err;

		if (!m->has_cgns_prefix || m->cgns_prefix == strlen(m->path))
			continue;
		err = cgroups_open_place(r, s->places[i]->h, *root ? root : "/", &s->roots[i]);
		if (err)
			return err;
	}
	return 0;
}

int cgroups_open_roots(struct restore *r)
{
	for (size_t i = 0; i < r->m.namespaces.n; i++) {
		const struct ns *ns = r->m.namespaces.v[i];
		int err = ns->type == NS_CGROUP ? open_roots(r, (struct cg_set *)cgroups_set_of_task(r, ns->task)) : 0;

		if (err)
			return err;
	}
	return 0;
}

int cgroups_enter_roots(struct restore *r, const struct task *t)
{
	const struct cg_set *s = cgroups_set_of_task(r, t);

	for (size_t i = 0; s && s->roots && i < s->entry->n_ctls; i++) {
		int err = s->roots[i] ? cgroups_enter_place(r, s->roots[i]) : 0;

		if (err)
			return err;
	}
	return 0;
}
