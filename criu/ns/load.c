/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces of a loaded snapshot. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/log.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "options.h"
#include "run/restore.h"
#include "run/shared.h"

static int load_one(struct restore *r, struct ns *ns)
{
	IN_SCOPE(ns_rows[ns->type].name, ns->id);

	return ns->kind->load ? ns->kind->load(r, ns) : 0;
}

static int check_task(const struct restore *r, const struct task *t)
{
	int err = 0;

	for (enum ns_type type = 0; type < NS_COUNT && !err; type++)
		if (ns_rows[type].kind->check)
			err = ns_rows[type].kind->check(r, t);
	return err;
}

/* Perhaps nobody is in there. That two have the same is for time_check() to say. */
static void find_of_children(struct restore *r, const struct task *t)
{
	uint32_t id = t->ids && t->ids->has_time_for_children_ns_id ? t->ids->time_for_children_ns_id : 0;
	struct ns *ns = id ? ns_by_id(&r->m, NS_TIME, id) ?: ns_add(&r->m, NS_TIME, id, NULL) : NULL;

	if (ns && !ns->parent)
		ns->parent = t;
}

/* Whatever differs from what the dumping tool was in. */
static void find_all(struct restore *r)
{
	const TaskKobjIdsEntry *host = r->m.inventory->root_ids;

	for (size_t i = 0; host && i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];

		for (enum ns_type type = 0; t->ids && type < NS_COUNT; type++) {
			uint32_t id = ns_id_get(t->ids, type);

			if (id && ns_id_get(host, type) && id != ns_id_get(host, type) && !ns_by_id(&r->m, type, id))
				ns_add(&r->m, type, id, t);
		}
	}
	for (size_t i = 0; host && i < r->m.tasks.n; i++)
		find_of_children(r, r->m.tasks.v[i]);
}

int ns_load(struct restore *r)
{
	int err;

	find_all(r);
	err = ns_owners_load(r);
	for (size_t i = 0; i < r->m.namespaces.n && !err; i++)
		err = load_one(r, r->m.namespaces.v[i]);
	for (size_t i = 0; i < r->m.tasks.n && !err; i++)
		err = check_task(r, r->m.tasks.v[i]);
	return err;
}

/* Tasks that have left them could not open them, nor see the tool. */
static int open_own(struct restore *r)
{
	r->own_ns = arena_array(&r->m.arena, int, NS_COUNT);
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_rows[type].name);
		r->own_ns[type] = open(path, O_RDONLY | O_CLOEXEC);
		if (r->own_ns[type] < 0 && errno != ENOENT)
			return fail_errno("open %s", path);
	}
	return 0;
}

int ns_prepare(struct restore *r)
{
	int fd, err;

	err = ns_join(r);
	if (!err)
		err = ns_owners_check(r);
	if (err || !r->m.namespaces.n)
		return err;
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno("open /proc");
	proc_keep(fd);
	err = open_own(r);
	if (err)
		return err;
	for (size_t i = 0; i < r->m.namespaces.n; i++) {
		struct ns *ns = r->m.namespaces.v[i];
		IN_SCOPE(ns_rows[ns->type].name, ns->id);

		err = ns->kind->prepare && !r->opt->dry_run ? ns->kind->prepare(r, ns) : 0;

		if (err)
			return err;
	}
	return 0;
}

const char *ns_path_made(struct restore *r, const struct ns *ns)
{
	pid_t first = shared_ns(r->shared, ns->index)->pid_real;

	return arena_printf(&r->m.arena, "/proc/%d/ns/%s%s", first, ns_rows[ns->type].name,
			    ns->parent ? "_for_children" : "");
}

int ns_open_made(struct restore *r, const struct ns *ns)
{
	const char *path = ns_path_made(r, ns);
	int fd = proc_open(path, O_RDONLY);

	return fd < 0 ? fail_errno("open %s", path) : fd;
}

int ns_make_outside(struct restore *r)
{
	for (size_t i = 0; i < r->m.namespaces.n; i++) {
		struct ns *ns = r->m.namespaces.v[i];
		int err = ns->kind->make_outside ? ns->kind->make_outside(r, ns) : 0;

		if (err)
			return err;
	}
	return 0;
}
