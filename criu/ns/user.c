/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User namespaces: their id maps. */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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
#include "task/creds.h"
#include "task/pids.h"

enum { OVERFLOW_ID = 65534, MAX_EXTENTS = 340 };	/* UID_GID_MAP_MAX_EXTENTS */

/* --- translation ----------------------------------------------------------------------------------------------- */

/* Each namespace maps to the ids of its parent. NO_ID: it has no name there. */
enum { NO_ID = -1 };

struct id_map {
	UidGidExtent *const *v;
	size_t n;
};

static struct id_map map_of(const struct ns *user, bool is_group)
{
	const UsernsEntry *e = user->data;

	if (!e)
		return (struct id_map){ 0 };
	return is_group ? (struct id_map){ e->gid_map, e->n_gid_map } : (struct id_map){ e->uid_map, e->n_uid_map };
}

static int64_t map_down(struct id_map m, int64_t id)
{
	for (size_t i = 0; i < m.n; i++)
		if (id >= m.v[i]->lower_first && id - m.v[i]->lower_first < m.v[i]->count)
			return m.v[i]->first + (id - m.v[i]->lower_first);
	return NO_ID;
}

static int64_t map_up(struct id_map m, int64_t id)
{
	for (size_t i = 0; i < m.n; i++)
		if (id >= m.v[i]->first && id - m.v[i]->first < m.v[i]->count)
			return m.v[i]->lower_first + (id - m.v[i]->first);
	return NO_ID;
}

static int64_t into(const struct ns *user, bool is_group, int64_t id)
{
	return user ? map_down(map_of(user, is_group), into(user->owner, is_group, id)) : id;
}

static int64_t out_of(const struct ns *user, bool is_group, int64_t id)
{
	for (; user && id != NO_ID; user = user->owner)
		id = map_up(map_of(user, is_group), id);
	return id;
}

static uint32_t or_overflow(int64_t id)
{
	return id == NO_ID ? OVERFLOW_ID : id;
}

static const struct ns *user_of(const struct model *m, const struct task *t)
{
	return ns_of(m, t ? t : m->tasks.v[0], NS_USER);
}

bool user_has_uid(const struct ns *user, uid_t outside)
{
	return into(user, false, outside) != NO_ID;
}

bool user_has_gid(const struct ns *user, gid_t outside)
{
	return into(user, true, outside) != NO_ID;
}

uid_t user_uid_in(const struct ns *user, uid_t outside)
{
	return or_overflow(into(user, false, outside));
}

gid_t user_gid_in(const struct ns *user, gid_t outside)
{
	return or_overflow(into(user, true, outside));
}

uid_t user_uid_inside(const struct model *m, const struct task *t, uid_t uid)
{
	return user_uid_in(user_of(m, t), uid);
}

gid_t user_gid_inside(const struct model *m, const struct task *t, gid_t gid)
{
	return user_gid_in(user_of(m, t), gid);
}

uid_t user_uid_outside(const struct model *m, uid_t uid)
{
	return or_overflow(out_of(user_of(m, NULL), false, uid));
}

gid_t user_gid_outside(const struct model *m, gid_t gid)
{
	return or_overflow(out_of(user_of(m, NULL), true, gid));
}

uid_t user_uid_here(const struct restore *r, const struct ns *user, uid_t uid)
{
	return user == r->user ? uid : or_overflow(into(r->user, false, out_of(user, false, uid)));
}

gid_t user_gid_here(const struct restore *r, const struct ns *user, gid_t gid)
{
	return user == r->user ? gid : or_overflow(into(r->user, true, out_of(user, true, gid)));
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

/* The kernel says them to the tool as the tool calls them. */
static int relative_to(const struct ns *parent, bool is_group, UidGidExtent *const *map, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t first = into(parent, is_group, map[i]->lower_first);

		if (first == NO_ID || into(parent, is_group, map[i]->lower_first + map[i]->count - 1) == NO_ID)
			return fail(EIO, "%u ids from %u on are mapped, which its parent does not have", map[i]->count,
				    map[i]->lower_first);
		map[i]->lower_first = first;
	}
	return 0;
}

static int read_all(struct dump *d, const struct ns *ns, pid_t pid, UsernsEntry *e)
{
	int err = read_map(d, pid, "uid_map", &e->uid_map, &e->n_uid_map);

	if (!err)
		err = read_map(d, pid, "gid_map", &e->gid_map, &e->n_gid_map);
	if (!err)
		err = read_setgroups(pid, e);
	if (!err && ns->owner)
		err = relative_to(ns->owner, false, e->uid_map, e->n_uid_map);
	if (!err && ns->owner)
		err = relative_to(ns->owner, true, e->gid_map, e->n_gid_map);
	return err;
}

/* One that nobody in the tree is in shows its maps by a process that enters it. */
static int read_by_visitor(struct dump *d, const struct ns *ns, UsernsEntry *e)
{
	int go[2], err;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return fail_errno("pipe");
	pid = fork();
	if (!pid) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setns(ns->fd, CLONE_NEWUSER) == 0 && write(go[1], "x", 1) == 1)
			pause();
		_exit(EXIT_FAILURE);
	}
	err = pid < 0 ? fail_errno("fork") : 0;
	close(go[1]);
	if (!err && read(go[0], &(char){ 0 }, 1) != 1)
		err = fail(EIO, "no process can be put into user namespace %lu", (unsigned long)ns->ino);
	close(go[0]);
	if (!err)
		err = read_all(d, ns, pid, e);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return err;
}

/* Parents first: a map counts in the ids of the parent. */
static int user_scan(struct dump *d, struct ns *ns)
{
	UsernsEntry *e = arena_msg(&d->m.arena, UsernsEntry, userns_entry__init);
	int err = 0;

	if (ns->data)
		return 0;
	if (ns->owner)
		err = user_scan(d, (struct ns *)ns->owner);
	if (err)
		return err;
	ns->data = e;
	return ns->task ? read_all(d, ns, leader(ns->task)->pid_real, e) : read_by_visitor(d, ns, e);
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

/* Whoever is root in there may do there what it takes to make things. */
static int become_root(const struct ns *ns)
{
	const UsernsEntry *e = ns->data;
	bool has_gid = map_up(map_of(ns, true), 0) != NO_ID, has_uid = map_up(map_of(ns, false), 0) != NO_ID;

	if (has_gid && (setresgid(0, 0, 0) < 0 || (!e->denies_setgroups && setgroups(0, NULL) < 0)))
		return fail_errno("become group 0 of the user namespace");
	if (has_uid && setresuid(0, 0, 0) < 0)
		return fail_errno("become root of the user namespace");
	/* Or its own /proc files would belong to the host's root. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail_errno("make the task dumpable");
	return 0;
}

int user_ns_begin(struct restore *r, const struct ns *ns)
{
	struct shared_ns *s = shared_ns(r->shared, ns->index);
	int err;

	s->pid_real = pids_own_real();
	flag_raise(&s->has_pid);
	err = flag_wait(r, &s->is_mapped);
	r->user = ns;
	return err ? err : become_root(ns);
}

static int go(struct restore *r, const struct ns *ns)
{
	if (setns(ns->fd, CLONE_NEWUSER) < 0)
		return fail_errno("enter user namespace %u", ns->id);
	r->user = ns;
	return 0;
}

int user_ns_go(struct restore *r, const struct ns *ns)
{
	if (ns == r->user)
		return 0;
	return go(r, ns) ?: become_root(ns);
}

int user_ns_enter(struct restore *r, const struct task *t)
{
	const struct ns *ns = ns_of(&r->m, t, NS_USER);
	bool keeps_ids = false;
	int err;

	if (ns == r->user)
		return 0;
	IN_SCOPE("user namespace", ns->id);
	/* In there nobody could give it groups and ids that have no name there. */
	err = creds_take_outside(r, t, &keeps_ids);
	if (!err)
		err = go(r, ns);
	if (err || !keeps_ids)
		return err ? err : become_root(ns);
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? fail_errno("make the task dumpable") : 0;
}

int user_ns_own_files(struct restore *r, const struct task *t)
{
	const struct ns *ns = ns_of(&r->m, t, NS_USER);
	uint32_t uid, gid;

	if (ns == r->user)
		return 0;
	uid = user_uid_here(r, ns, 0);
	gid = user_gid_here(r, ns, 0);
	/* Rights go by the file system ids otherwise. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return fail_errno("keep capabilities");
	setfsgid(gid);
	setfsuid(uid);
	return 0;
}

const struct ns_kind user_ns_kind = {
	.scan = user_scan,
	.save = user_save,
	.load = user_load,
};
