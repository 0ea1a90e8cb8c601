/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User namespaces: their id maps. */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "ns/user.h"
#include "run/barrier.h"
#include "run/dump.h"
#include "run/restore.h"
#include "run/shared.h"

enum { OVERFLOW_ID = 65534, MAX_EXTENTS = 340 };	/* UID_GID_MAP_MAX_EXTENTS */

/* --- translation ----------------------------------------------------------------------------------------------- */

static uint32_t inside(UidGidExtent *const *map, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= map[i]->lower_first && id - map[i]->lower_first < map[i]->count)
			return map[i]->first + (id - map[i]->lower_first);
	return OVERFLOW_ID;
}

static uint32_t outside(UidGidExtent *const *map, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= map[i]->first && id - map[i]->first < map[i]->count)
			return map[i]->lower_first + (id - map[i]->first);
	return OVERFLOW_ID;
}

static const UsernsEntry *maps_of(const struct model *m, const struct task *t)
{
	const struct ns *ns = ns_of(m, t ? t : m->tasks.v[0], NS_USER);

	return ns ? ns->data : NULL;
}

uid_t user_uid_inside(const struct model *m, const struct task *t, uid_t uid)
{
	const UsernsEntry *e = maps_of(m, t);

	return e ? inside(e->uid_map, e->n_uid_map, uid) : uid;
}

gid_t user_gid_inside(const struct model *m, const struct task *t, gid_t gid)
{
	const UsernsEntry *e = maps_of(m, t);

	return e ? inside(e->gid_map, e->n_gid_map, gid) : gid;
}

uid_t user_uid_outside(const struct model *m, uid_t uid)
{
	const UsernsEntry *e = maps_of(m, NULL);

	return e ? outside(e->uid_map, e->n_uid_map, uid) : uid;
}

gid_t user_gid_outside(const struct model *m, gid_t gid)
{
	const UsernsEntry *e = maps_of(m, NULL);

	return e ? outside(e->gid_map, e->n_gid_map, gid) : gid;
}

/* --- dump ------------------------------------------------------------------------------------------------------ */

static int read_map(struct dump *d, pid_t pid, const char *name, UidGidExtent ***ret, size_t *ret_n)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/%d/%s", pid, name);
	struct cursor c = { .p = text.s };

	if (err)
		return fail_with(err, "read /proc/%d/%s", pid, name);
	*ret = arena_array(&d->m.arena, UidGidExtent *, MAX_EXTENTS);
	for (*ret_n = 0; take_spaces(&c), *c.p && *ret_n < MAX_EXTENTS; ++*ret_n) {
		UidGidExtent *e = arena_msg(&d->m.arena, UidGidExtent, uid_gid_extent__init);

		e->first = take_u64(&c, 10);
		e->lower_first = take_u64(&c, 10);
		e->count = take_u64(&c, 10);
		take_char(&c, '\n');
		if (c.bad)
			return fail(EIO, "/proc/%d/%s cannot be understood", pid, name);
		(*ret)[*ret_n] = e;
	}
	return 0;
}

/* Denied, it stays so: whoever may drop groups in there can get at what is forbidden to one of them. */
static int read_setgroups(pid_t pid, UsernsEntry *e)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/%d/setgroups", pid);

	if (err)
		return fail_with(err, "read /proc/%d/setgroups", pid);
	e->has_denies_setgroups = e->denies_setgroups = has_prefix(text.s, "deny");
	return 0;
}

/* The lower ids are the tool's: the kernel translates them for the reader. */
static int user_scan(struct dump *d, struct ns *ns)
{
	UsernsEntry *e = arena_msg(&d->m.arena, UsernsEntry, userns_entry__init);
	pid_t pid = leader(ns->task)->pid_real;
	int err;

	ns->data = e;
	if (ns->task != d->m.tasks.v[0]) {
		refuse(&d->refusals, REFUSE_NS_NESTED, "process %d is in a user namespace that the root task is not in",
		       leader(ns->task)->pid);
		return 0;
	}
	err = read_map(d, pid, "uid_map", &e->uid_map, &e->n_uid_map);
	if (!err)
		err = read_map(d, pid, "gid_map", &e->gid_map, &e->n_gid_map);
	return err ? err : read_setgroups(pid, e);
}

static int user_save(struct dump *d, struct ns *ns)
{
	return image_write_one(d->img_dir, IMG_USERNS, ns->id, ns->data);
}

/* --- restore --------------------------------------------------------------------------------------------------- */

static int check_map(UidGidExtent *const *map, size_t n)
{
	if (n > MAX_EXTENTS)
		return fail(EINVAL, "an id map of %zu ranges; the kernel takes %d", n, MAX_EXTENTS);
	for (size_t i = 0; i < n; i++)
		if (!map[i]->count || map[i]->first + map[i]->count < map[i]->first ||
		    map[i]->lower_first + map[i]->count < map[i]->lower_first)
			return fail(EINVAL, "an impossible range of %u ids in an id map", map[i]->count);
	return 0;
}

static int user_load(struct restore *r, struct ns *ns)
{
	UsernsEntry *e;
	int err = image_read_one(&r->m.arena, r->img_dir, IMG_USERNS, ns->id, &e);

	ns->data = e;
	if (!err)
		err = check_map(e->uid_map, e->n_uid_map);
	return err ? err : check_map(e->gid_map, e->n_gid_map);
}

/* Only before the gid map. */
static int deny_setgroups(pid_t pid_real)
{
	static const char deny[] = "deny";
	char path[64];
	auto_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid_real);
	fd = proc_open(path, O_WRONLY);
	if (fd < 0 || write(fd, deny, sizeof(deny) - 1) < 0)
		return fail_errno("write %s", path);
	return 0;
}

static int write_map(struct restore *r, pid_t pid_real, const char *name, UidGidExtent *const *map, size_t n)
{
	char *text = arena_alloc(&r->m.arena, n * 36 + 1), path[64];
	auto_fd int fd = -1;
	int len = 0;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		len += sprintf(text + len, "%u %u %u\n", map[i]->first, map[i]->lower_first, map[i]->count);
	snprintf(path, sizeof(path), "/proc/%d/%s", pid_real, name);
	fd = proc_open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len)
		return fail_errno("set %s: these ids may not be mapped here", path);
	return 0;
}

int user_ns_map(struct restore *r, const struct ns *ns)
{
	struct shared_ns *s = shared_ns(r->shared, ns->index);
	const UsernsEntry *e = ns->data;
	int err;

	/* Its number in the tool's namespace is its own to find out. */
	err = flag_wait(r, &s->has_pid);
	if (!err)
		err = write_map(r, s->pid_real, "uid_map", e->uid_map, e->n_uid_map);
	if (!err && e->denies_setgroups)
		err = deny_setgroups(s->pid_real);
	if (!err)
		err = write_map(r, s->pid_real, "gid_map", e->gid_map, e->n_gid_map);
	if (!err)
		flag_raise(&s->is_mapped);
	return err;
}

static int user_make(struct restore *r, struct ns *ns)
{
	struct shared_ns *s = shared_ns(r->shared, ns->index);
	const UsernsEntry *e = ns->data;
	int err;

	s->pid_real = r->shared->tasks[ns->task->index].pid_real;
	flag_raise(&s->has_pid);
	err = flag_wait(r, &s->is_mapped);
	if (err)
		return err;
	if (e->n_gid_map && inside(e->gid_map, e->n_gid_map, outside(e->gid_map, e->n_gid_map, 0)) == 0 &&
	    (setresgid(0, 0, 0) < 0 || (!e->denies_setgroups && setgroups(0, NULL) < 0)))
		return fail_errno("become group 0 of the user namespace");
	if (e->n_uid_map && setresuid(0, 0, 0) < 0)
		return fail_errno("become root of the user namespace");
	/* Or its own /proc files would belong to the host's root. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail_errno("make the task dumpable");
	return 0;
}

const struct ns_kind user_ns_kind = {
	.scan = user_scan,
	.save = user_save,
	.load = user_load,
	.make = user_make,
};
