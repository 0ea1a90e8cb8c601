/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which namespaces a stopped tree is in, and what is in them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/away.h"
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"

int ns_inode_at(int dir, const char *name, ino_t *ret)
{
	char link[64];
	struct cursor c = { .p = link };
	ssize_t len = readlinkat(dir, name, link, sizeof(link) - 1);

	if (len < 0)
		return errno == ENOENT ? 0 : fail_errno("read %s", name);
	link[len] = 0;
	while (*c.p && *c.p != '[')	/* "uts:[4026531838]" */
		c.p++;
	take_char(&c, '[');
	*ret = take_u64(&c, 10);
	return c.bad ? fail(EIO, "%s: %s cannot be understood", name, link) : 1;
}

int ns_inode(pid_t pid, const char *name, ino_t *ret)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return ns_inode_at(AT_FDCWD, path, ret);
}

struct own_namespaces {
	ino_t ino[NS_COUNT];
	bool exists[NS_COUNT];
};

struct ns *ns_by_inode(const struct model *m, enum ns_type type, ino_t ino)
{
	for (size_t i = 0; i < m->namespaces.n; i++)
		if (m->namespaces.v[i]->type == type && m->namespaces.v[i]->ino == ino)
			return m->namespaces.v[i];
	return NULL;
}

/* --external net[INODE]:LABEL and pid[INODE]:LABEL */
static const char *external_label(const struct dump *d, const struct ns *ns)
{
	const char *label;
	char key[24];

	if (ns->type != NS_NET && ns->type != NS_PID)
		return NULL;
	snprintf(key, sizeof(key), "%lu", (unsigned long)ns->ino);
	label = option_value(&d->opt->external, ns_rows[ns->type].name, key);
	return label && *label ? label : NULL;
}

static int add_found(struct dump *d, const struct task *t, enum ns_type type, ino_t ino, uint32_t *next_id)
{
	struct ns *ns = ns_add(&d->m, type, (*next_id)++, t);
	char path[64];

	ns->ino = ino;
	ns->ext_key = external_label(d, ns);
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", leader(t)->pid_real, ns_rows[type].name);
	ns->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ns->fd < 0)
		return fail_errno("open %s", path);
	return 0;
}

static int scan_task(struct dump *d, const struct task *t, const struct own_namespaces *own, uint32_t *next_id)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		struct ns *ns;
		ino_t ino = 0;
		int got, err = 0;

		if (!own->exists[type])
			continue;
		got = ns_inode(leader(t)->pid_real, ns_rows[type].name, &ino);
		if (got <= 0)
			return got ? got : fail(EIO, "process %d has no %s namespace", leader(t)->pid_real,
						ns_rows[type].name);
		if (ino == own->ino[type]) {
			ns_id_set(t->ids, type, type + 1);
		} else {
			if (!ns_by_inode(&d->m, type, ino))
				err = add_found(d, t, type, ino, next_id);
			if (err)
				return err;
			ns = ns_by_inode(&d->m, type, ino);
			ns_id_set(t->ids, type, ns->id);
		}
	}
	return 0;
}

/* unshare(2) and setns(2) leave the caller of some kinds where it is, and put its children elsewhere. */
static int scan_children(struct dump *d, const struct task *t, const struct own_namespaces *own)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		const struct ns_kind *kind = ns_rows[type].kind;
		const struct ns *ns = ns_of(&d->m, t, type);
		int err = own->exists[type] && kind->scan_children ?
			  kind->scan_children(d, t, ns ? ns->ino : own->ino[type]) : 0;

		if (err)
			return err;
	}
	return 0;
}

int ns_ids_scan(struct dump *d)
{
	TaskKobjIdsEntry *ids = d->m.inventory->root_ids;
	struct own_namespaces own = { 0 };
	uint32_t next_id = NS_COUNT + 1;
	int err;

	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		int got = ns_inode(0, ns_rows[type].name, &own.ino[type]);

		if (got < 0)
			return got;
		own.exists[type] = got;
		if (got)
			ns_id_set(ids, type, type + 1);
	}
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct task *t = d->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);

		err = t->dump->proc ? scan_task(d, t, &own, &next_id) ?: ns_scan_threads(d, t) : 0;

		if (err)
			return err;
	}
	err = ns_owners_scan(d, own.ino[NS_USER]);
	if (err)
		return err;
	ns_owners_refuse(d);
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct task *t = d->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);

		err = t->dump->proc ? scan_children(d, t, &own) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int scan_the_tools_own(struct dump *d)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		IN_SCOPE(ns_rows[type].name, -1);
		int err = ns_rows[type].kind->scan_own ? ns_rows[type].kind->scan_own(d) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int scan_some(struct dump *d, bool is_user)
{
	for (size_t i = 0; i < d->m.namespaces.n; i++) {
		struct ns *ns = d->m.namespaces.v[i];
		IN_SCOPE(ns_rows[ns->type].name, ns->id);
		int err = 0;

		if ((ns->type == NS_USER) == is_user && ns->kind->scan && !ns->ext_key)
			err = ns->kind->scan(d, ns);
		if (err)
			return err;
	}
	return 0;
}

/* User namespaces first: others have ids in them. */
int ns_scan(struct dump *d)
{
	int err = scan_the_tools_own(d) ?: scan_some(d, true);

	return err ?: scan_some(d, false);
}

int ns_save(struct dump *d)
{
	ns_owners_save(d);
	for (size_t i = 0; i < d->m.namespaces.n; i++) {
		struct ns *ns = d->m.namespaces.v[i];
		IN_SCOPE(ns_rows[ns->type].name, ns->id);
		int err = ns->kind->save ? ns->kind->save(d, ns) : 0;

		if (err)
			return err;
	}
	return 0;
}

void ns_release(struct dump *d)
{
	for (size_t i = 0; i < d->m.namespaces.n; i++) {
		struct ns *ns = d->m.namespaces.v[i];

		if (ns->fd >= 0)
			close(take_fd(&ns->fd));
		if (ns->root >= 0)
			close(take_fd(&ns->root));
	}
}

struct inside {
	struct dump *d;
	int (*work)(struct dump *d, void *arg);
	void *arg;
};

static int work_inside(void *arg)
{
	struct inside *in = arg;

	return in->work(in->d, in->arg);
}

int ns_inside(struct dump *d, const struct ns *ns, int (*work)(struct dump *d, void *arg), void *arg)
{
	struct inside in = { d, work, arg };
	auto_free char *path = NULL;
	auto_fd int home = -1;
	int err;

	if (asprintf(&path, "/proc/thread-self/ns/%s", ns_rows[ns->type].name) < 0)
		return -ENOMEM;
	home = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return fail_errno("open %s", path);
	err = work_away(ns->fd, home, work_inside, &in);
	if (err == -EXDEV)
		return fail_errno("enter the %s namespace of process %d", ns_rows[ns->type].name,
				  leader(ns->task)->pid_real);
	return err;
}
