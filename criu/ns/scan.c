/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which namespaces a stopped tree is in, and what is in them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/parse.h"
#include "image/dir.h"
#include "ns/kind.h"
#include "options.h"
#include "run/dump.h"

/* dir: /proc/PID/ns, or name is a whole path. 0: the kernel has no such namespaces. */
static int ns_inode_at(int dir, const char *name, ino_t *ret)
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

/* pid 0: the tool's own. */
static int ns_inode(pid_t pid, const char *name, ino_t *ret)
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

static struct ns *by_inode(const struct model *m, enum ns_type type, ino_t ino)
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

static ino_t inode_of(const struct model *m, const struct task *t, enum ns_type type, const struct own_namespaces *own)
{
	const struct ns *ns = ns_of(m, t, type);

	return ns ? ns->ino : own->ino[type];
}

/* unshare(2) and setns(2) leave the caller where it is, and put its children elsewhere. */
static int scan_time_for_children(struct dump *d, const struct task *t, const struct own_namespaces *own)
{
	ino_t ino, its = inode_of(&d->m, t, NS_TIME, own);
	int got = ns_inode(leader(t)->pid_real, "time_for_children", &ino);

	if (got > 0 && ino != its)
		refuse(&d->refusals, REFUSE_NS_CHILDREN, "its children get a time namespace that it is not in itself");
	return min(got, 0);
}

/* The link leads nowhere as long as the namespace has no init. */
static int scan_pid_for_children(struct dump *d, const struct task *t, const struct own_namespaces *own)
{
	ino_t ino = 0, its = inode_of(&d->m, t, NS_PID, own);
	int got = ns_inode(leader(t)->pid_real, "pid_for_children", &ino);
	const struct ns *ns = by_inode(&d->m, NS_PID, ino);

	if (got < 0 || (got && ino == its))
		return min(got, 0);
	if (t->n_threads > 1)
		refuse(&d->refusals, REFUSE_NS_CHILDREN,
		       "its children get a pid namespace that it is not in itself, and it has threads");
	else if (got && !ns)
		refuse(&d->refusals, REFUSE_NS_CHILDREN,
		       "its children get a pid namespace that has ended, or that nobody in the tree is in");
	else if (d->opt->plain_images)
		refuse(&d->refusals, REFUSE_NS_CHILDREN, "its children get a pid namespace that it is not in itself, which "
		       "plain images cannot say (dump without --plain-images)");
	d->m.inventory->img_version = IMG_VERSION_EXTENDED;
	t->ids->has_pid_for_children_ns_id = true;
	t->ids->pid_for_children_ns_id = ns ? ns->id : 0;
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
			if (!by_inode(&d->m, type, ino))
				err = add_found(d, t, type, ino, next_id);
			if (err)
				return err;
			ns = by_inode(&d->m, type, ino);
			ns_id_set(t->ids, type, ns->id);
		}
	}
	return 0;
}

/* What a thread can leave by itself: unshare(2) of the others takes a process without threads. */
static const char *const of_threads[] = { "net", "uts", "ipc", "cgroup", "mnt", "pid_for_children" };
enum { N_OF_THREADS = array_size(of_threads) };

struct thread_namespaces {
	ino_t ino[N_OF_THREADS];
};

struct thread_scan {
	const struct task *t;
	struct thread_namespaces *v;	/* of every thread */
};

static int read_thread(void *arg, size_t i, struct arena *a not_used)
{
	const struct thread_scan *s = arg;
	pid_t tid = s->t->threads[i].pid_real;
	auto_fd int dir = -1;
	char path[32];
	int got = 0;

	snprintf(path, sizeof(path), "/proc/%d/ns", tid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail_errno("open %s", path);
	for (size_t k = 0; k < N_OF_THREADS && got >= 0; k++)
		got = ns_inode_at(dir, of_threads[k], &s->v[i].ino[k]);
	return got < 0 ? fail_with(got, "thread %d", tid) : 0;
}

static int scan_threads(struct dump *d, const struct task *t)
{
	struct thread_scan s = { t, arena_array(&d->m.arena, struct thread_namespaces, t->n_threads) };
	const struct parallel p = {
		.n = t->n_threads, .grain = 32, .work = read_thread, .arg = &s, .arena = &d->m.arena,
	};
	int err = t->n_threads > 1 ? parallel_run(&p) : 0;

	for (size_t i = 1; i < t->n_threads && !err; i++)
		for (size_t k = 0; k < N_OF_THREADS; k++)
			if (s.v[i].ino[k] != s.v[0].ino[k])
				refuse(&d->refusals, REFUSE_THREAD_NAMESPACE,
				       "thread %d is in another %s namespace than its process", t->threads[i].pid,
				       of_threads[k]);
	return err;
}

static int scan_for_children(struct dump *d, const struct task *t, const struct own_namespaces *own)
{
	int err = own->exists[NS_TIME] ? scan_time_for_children(d, t, own) : 0;

	return err ?: scan_pid_for_children(d, t, own);
}

int ns_ids_scan(struct dump *d)
{
	TaskKobjIdsEntry *ids = d->m.inventory->root_ids;
	struct own_namespaces own = { 0 };
	uint32_t next_id = NS_COUNT + 1;

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
		int err = t->dump->proc ? scan_task(d, t, &own, &next_id) ?: scan_threads(d, t) : 0;

		if (err)
			return err;
	}
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct task *t = d->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);
		int err = t->dump->proc ? scan_for_children(d, t, &own) : 0;

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

int ns_inside(struct dump *d, const struct ns *ns, int (*work)(struct dump *d, void *arg), void *arg)
{
	auto_free char *path = NULL;
	auto_fd int home = -1;
	int err;

	if (asprintf(&path, "/proc/thread-self/ns/%s", ns_rows[ns->type].name) < 0)
		return -ENOMEM;
	home = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return fail_errno("open %s", path);
	if (setns(ns->fd, ns_rows[ns->type].flag) < 0)
		return fail_errno("enter the %s namespace of process %d", ns_rows[ns->type].name,
				  leader(ns->task)->pid_real);
	err = work(d, arg);
	if (setns(home, 0) < 0)
		err = fail_errno("come back from the %s namespace of process %d", ns_rows[ns->type].name,
				 leader(ns->task)->pid_real);
	return err;
}
