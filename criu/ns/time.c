/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time namespaces: the monotonic clocks go on from what the tasks saw last. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "image/dir.h"
#include "kernel/read.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"
#include "run/restore.h"

enum { NSEC_PER_SEC = 1000000000 };

static const struct {
	const char *name;
	clockid_t id;
	size_t member;			/* in TimensEntry */
} clocks[] = {
	{ "monotonic", CLOCK_MONOTONIC, offsetof(TimensEntry, monotonic) },
	{ "boottime", CLOCK_BOOTTIME, offsetof(TimensEntry, boottime) },
};

static Timespec **value_of(TimensEntry *e, size_t i)
{
	return (Timespec **)((char *)e + clocks[i].member);
}

/* "monotonic   86400   0": the offset is what the namespace adds to the clock of the host. */
static int read_offset(const char *proc, const char *name, struct timespec *ret)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/%s/timens_offsets", proc);
	char *line, *next = text.s;
	int64_t sec, nsec;
	char key[16];

	if (err)
		return fail_with(err, "read /proc/%s/timens_offsets", proc);
	while ((line = next) && *line) {
		next = strchr(line, '\n');
		next = next ? next + 1 : NULL;
		if (sscanf(line, "%15s %" SCNd64 " %" SCNd64, key, &sec, &nsec) == 3 && !strcmp(key, name)) {
			*ret = (struct timespec){ .tv_sec = sec, .tv_nsec = nsec };
			return 0;
		}
	}
	return fail(EIO, "/proc/%s/timens_offsets has no %s line", proc, name);
}

struct ns *ns_of_children(const struct model *m, const struct task *t)
{
	return t->ids && t->ids->has_time_for_children_ns_id ? ns_by_id(m, NS_TIME, t->ids->time_for_children_ns_id) : NULL;
}

static int find_of_children(struct dump *d, const struct task *t, ino_t ino, struct ns **ret)
{
	struct ns *ns = ns_by_inode(&d->m, NS_TIME, ino);
	char path[64];

	*ret = ns;
	if (ns)
		return 0;
	*ret = ns = ns_add(&d->m, NS_TIME, ns_free_id(&d->m), NULL);
	ns->ino = ino;
	snprintf(path, sizeof(path), "/proc/%d/ns/time_for_children", leader(t)->pid_real);
	ns->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ns->fd < 0)
		return fail_errno("open %s", path);
	return ns_owner_find(d, ns->fd, &ns->owner);
}

static bool is_below(const struct task *t, const struct task *ancestor)
{
	while (t && t != ancestor)
		t = t->parent;
	return t;
}

/* unshare(2) by t makes it, before t has children; they are born there, or born elsewhere and enter it. */
static const char *obstacle(const struct model *m, const struct task *t, const struct ns *ns)
{
	if (t->n_threads > 1)
		return "it has threads";
	if (ns->parent && ns->parent != t)
		return "so do those of another process";
	if (ns->owner != ns_base(m))
		return "that is not owned by the user namespace of the root task's pid namespace";
	for (size_t i = 0; i < m->tasks.n; i++)
		if (ns_of(m, m->tasks.v[i], NS_TIME) == ns && !is_below(m->tasks.v[i], t))
			return "a process that is not below it is in there";
	return NULL;
}

static int time_scan_children(struct dump *d, const struct task *t, ino_t its)
{
	ino_t ino;
	int got = ns_inode(leader(t)->pid_real, "time_for_children", &ino), err;
	const char *why;
	struct ns *ns;

	if (got <= 0 || ino == its)
		return min(got, 0);
	err = find_of_children(d, t, ino, &ns);
	if (err && err != -ENOENT)
		return err;
	why = err ? "its owner is outside of the tree" : obstacle(&d->m, t, ns);
	if (!why && d->opt->plain_images)
		why = "plain images cannot say that (dump without --plain-images)";
	if (why)
		refuse(&d->refusals, REFUSE_NS_CHILDREN, "its children get a time namespace that it is not in itself, "
		       "and %s", why);
	ns->parent = ns->parent ?: t;
	t->ids->has_time_for_children_ns_id = true;
	t->ids->time_for_children_ns_id = ns->id;
	d->m.inventory->img_version = IMG_VERSION_EXTENDED;	/* others would leave them where the parent is */
	return 0;
}

/* The file of a process tells of the namespace of its children. */
static const struct task *who_tells(const struct model *m, const struct ns *ns)
{
	for (size_t i = 0; i < m->tasks.n && !ns->parent; i++)
		if (ns_of(m, m->tasks.v[i], NS_TIME) == ns && !ns_of_children(m, m->tasks.v[i]))
			return m->tasks.v[i];
	return ns->parent;
}

static struct timespec add(struct timespec a, struct timespec b, int sign)
{
	int64_t nsec = (int64_t)a.tv_nsec + sign * (int64_t)b.tv_nsec;

	a.tv_sec += sign * b.tv_sec;
	if (nsec < 0) {
		nsec += NSEC_PER_SEC;
		a.tv_sec--;
	} else if (nsec >= NSEC_PER_SEC) {
		nsec -= NSEC_PER_SEC;
		a.tv_sec++;
	}
	a.tv_nsec = nsec;
	return a;
}

/* The tool may be in a time namespace itself, and offsets do not nest: they count from the host's clock. */
static int host_clock(size_t i, struct timespec *ret)
{
	struct timespec now, offset;
	int err = read_offset("self", clocks[i].name, &offset);

	clock_gettime(clocks[i].id, &now);
	*ret = add(now, offset, -1);
	return err;
}

static int time_scan(struct dump *d, struct ns *ns)
{
	TimensEntry *e = arena_msg(&d->m.arena, TimensEntry, timens_entry__init);
	const struct task *t = who_tells(&d->m, ns);
	char proc[16];

	ns->data = e;
	if (!t) {
		refuse(&d->refusals, REFUSE_NS_CHILDREN, "all that are in time namespace %lu have children elsewhere, so "
		       "nobody can tell its offsets", (unsigned long)ns->ino);
		return 0;
	}
	snprintf(proc, sizeof(proc), "%d", leader(t)->pid_real);
	for (size_t i = 0; i < array_size(clocks); i++) {
		Timespec *v = arena_msg(&d->m.arena, Timespec, timespec__init);
		struct timespec now, offset;
		int err = read_offset(proc, clocks[i].name, &offset);

		if (!err)
			err = host_clock(i, &now);
		if (err)
			return err;
		now = add(now, offset, 1);
		v->tv_sec = now.tv_sec;
		v->tv_nsec = now.tv_nsec;
		*value_of(e, i) = v;
	}
	return 0;
}

static int time_save(struct dump *d, struct ns *ns)
{
	return image_write_one(d->img_dir, IMG_TIMENS, ns->id, ns->data);
}

static int time_load(struct restore *r, struct ns *ns)
{
	TimensEntry *e;
	int err = image_read_one(&r->m.arena, r->img_dir, IMG_TIMENS, ns->id, &e);

	ns->data = e;
	for (size_t i = 0; i < array_size(clocks) && !err; i++)
		if ((*value_of(e, i))->tv_nsec >= NSEC_PER_SEC)
			err = fail(EINVAL, "timens-%u.img: %s: impossible nanoseconds", ns->id, clocks[i].name);
	return err;
}

static int write_offset(const TimensEntry *e, size_t i)
{
	const Timespec *then = *value_of((TimensEntry *)e, i);
	struct timespec host, wanted = { .tv_sec = then->tv_sec, .tv_nsec = then->tv_nsec };
	auto_fd int fd = proc_open("/proc/self/timens_offsets", O_WRONLY);
	char text[80];
	int len, err = host_clock(i, &host);

	if (err)
		return err;
	if (fd < 0)
		return fail_errno("open /proc/self/timens_offsets");
	wanted = add(wanted, host, -1);
	len = snprintf(text, sizeof(text), "%s %" PRId64 " %ld\n", clocks[i].name, (int64_t)wanted.tv_sec,
		       wanted.tv_nsec);
	if (write(fd, text, len) != len)
		return fail_errno("set the offset of the %s clock", clocks[i].name);
	return 0;
}

/* Offsets can be set between unshare(2) and the first entry, and unshare is not an entry. */
static int make(const struct ns *ns)
{
	if (unshare(CLONE_NEWTIME) < 0)
		return fail_errno("make a time namespace");
	for (size_t i = 0; i < array_size(clocks); i++) {
		int err = write_offset(ns->data, i);

		if (err)
			return err;
	}
	return 0;
}

int time_make_for_children(struct restore *r, const struct task *t)
{
	const struct ns *ns = ns_of_children(&r->m, t);

	return ns ? make(ns) : 0;
}

static int time_make_and_enter(struct restore *r not_used, struct ns *ns)
{
	auto_fd int fd = -1;
	int err = make(ns);

	if (err)
		return err;
	fd = proc_open("/proc/self/ns/time_for_children", O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return fail_errno("enter the new time namespace");
	return 0;
}

static int time_check(const struct restore *r, const struct task *t)
{
	const struct ns *ns = ns_of_children(&r->m, t);
	const char *why = ns ? obstacle(&r->m, t, ns) : NULL;

	if (ns && (!is_alive(t) || ns == ns_of(&r->m, t, NS_TIME)))
		why = "it has ended, or is in it";
	return why ? fail(EINVAL, "ids-%d.img: the children of task %d get time namespace %u, and %s", leader(t)->pid,
			  leader(t)->pid, ns->id, why) : 0;
}

const struct ns_kind time_ns_kind = {
	.check = time_check,
	.scan = time_scan,
	.scan_children = time_scan_children,
	.save = time_save,
	.load = time_load,
	.make_and_enter = time_make_and_enter,
};
