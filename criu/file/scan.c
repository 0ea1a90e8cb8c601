/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptor tables of all tasks, each open file once. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parallel.h"
#include "base/parse.h"
#include "file/describe.h"
#include "file/fdinfo.h"
#include "file/files.h"
#include "file/fown.h"
#include "file/identity.h"
#include "file/kinds.h"
#include "file/locks.h"
#include "file/record.h"
#include "file/scan.h"
#include "file/where.h"
#include "run/dump.h"

/* A task whose table is being read. */
struct reader {
	struct dump *d;
	const struct task *task;
	struct fd_table *table;
	int fd_dir;			/* /proc/PID/fd */
	dev_t pipe_dev;			/* the file system that all pipes are on; 0 before the first is met */
};

/* One number of the table. */
struct table_fd {
	int fd;
	const char *fdinfo;		/* its text, or NULL with err */
	int err;
};

struct files_dump *files_dump_state(struct dump *d)
{
	if (!d->files)
		d->files = arena_new(&d->m.arena, struct files_dump);
	return d->files;
}

int file_add(struct dump *d, const struct file_kind *kind, struct file_facts *f, uint32_t *ret_id)
{
	struct file *file = model_file_add(&d->m, kind);
	void *rec = file->rec;
	int err = 0;

	*ret_id = f->id = file->entry->id;
	record_begin(&d->m, file, f->flags, f->pos);
	if (f->fd >= 0)
		err = fown_scan(d, f, record_fown(kind, rec));
	if (!err && f->fdinfo)
		err = fdinfo_offer(d, kind, rec, f->fdinfo);
	if (!err && kind->scan)
		err = kind->scan(d, f, rec);
	if (!err && kind->refuse)
		kind->refuse(d, f, rec);
	return err;
}

/* Of what never changes while the tree is stopped; the position may, if an outsider shares the description. */
static uint64_t description_key(const struct file_facts *f, const struct file_kind *kind)
{
	uint64_t h = hash_add(hash_add(hash_add(0, f->st.st_dev), f->st.st_ino), f->flags);

	/* Anonymous inodes are one inode: what fdinfo says tells them apart. */
	if (anon_name(f->link) && !kind->fdinfo_moves)
		for (const char *p = strchr(f->fdinfo, '\n'); p && *p; p++)
			h = (h ^ (unsigned char)*p) * 0x100000001b3ULL;
	return h;
}

static int scan_claimed(struct reader *r, const struct file_kind *kind, struct file_facts *f, FdinfoEntry *e)
{
	struct description *known;
	int err;

	err = description_find(r->d, description_key(f, kind), leader(r->task)->pid_real, f->fd, &known);
	if (!err && !known->id)
		err = file_add(r->d, kind, f, &known->id);
	if (err)
		return err;
	e->id = known->id;
	e->type = kind->type;
	vec_push(&r->d->m.arena, &r->table->fds, e);
	return 0;
}

/* The same open file in the tool; where the kernel or a security module refuses, at least its path. */
static int fetch(const struct reader *r, int fd, const char *name, int *ret_copy)
{
	int copy = pidfd_getfd(r->task->dump->pidfd, fd, 0);

	if (copy < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS))
		copy = openat(r->fd_dir, name, O_PATH | O_CLOEXEC);
	if (copy < 0)
		return fail_errno("fetch the descriptor");
	*ret_copy = copy;
	return 0;
}

/* What the link of a descriptor says. Links in /proc cost, and that of a pipe says only what stat has said. */
static int read_link(struct reader *r, const char *name, const struct stat *st, char *link, size_t size)
{
	bool is_fifo = S_ISFIFO(st->st_mode);
	ssize_t len;

	if (is_fifo && r->pipe_dev && st->st_dev == r->pipe_dev) {
		snprintf(link, size, "pipe:[%lu]", (unsigned long)st->st_ino);
		return 0;
	}
	len = readlinkat(r->fd_dir, name, link, size - 1);
	if (len < 0)
		return fail_errno("read the link of the descriptor");
	link[len] = 0;
	if (is_fifo && has_prefix(link, "pipe:["))
		r->pipe_dev = st->st_dev;
	return 0;
}

static int scan_fd(struct reader *r, const struct table_fd *t)
{
	struct file_facts f = { .task = r->task, .fd = t->fd, .fdinfo = t->fdinfo };
	const struct file_kind *kind;
	struct fdinfo_common common;
	auto_fd int copy = -1;
	char name[16], link[PATH_MAX + 16];
	FdinfoEntry *e;
	int err;

	IN_SCOPE("fd", t->fd);
	snprintf(name, sizeof(name), "%d", t->fd);
	err = fetch(r, t->fd, name, &copy);
	if (err)
		return err;
	if (fstat(copy, &f.st) < 0)
		return fail_errno("stat the descriptor");
	err = read_link(r, name, &f.st, link, sizeof(link));
	if (err)
		return err;
	err = t->err ? t->err : fdinfo_parse(t->fdinfo, &common);
	if (err)
		return fail_with(err, "read fdinfo");

	f.copy = copy;
	f.link = link;
	f.pos = common.pos;
	f.flags = common.flags & ~O_CLOEXEC;
	f.mnt_id = common.mnt_id;
	where_find(r->d, &f);
	kind = file_kind_of(&f);
	if (!kind) {
		refuse_unclaimed(r->d, &f);
		return 0;
	}
	e = arena_msg(&r->d->m.arena, FdinfoEntry, fdinfo_entry__init);
	e->fd = t->fd;
	e->flags = common.flags & O_CLOEXEC ? FD_CLOEXEC : 0;
	err = scan_claimed(r, kind, &f, e);
	f.id = e->id;
	return err ? err : locks_scan(r->d, &f);
}

static int compare_fds(const void *a, const void *b)
{
	const struct table_fd *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

struct table_fds {
	int fdinfo_dir;
	VEC(struct table_fd) v;
};

static int list_fds(struct reader *r, struct table_fds *ret)
{
	auto_dir DIR *dir = NULL;
	struct dirent *e;
	int fd, copy = dup(r->fd_dir);

	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return fail_errno("list descriptors");
	while ((e = readdir(dir)))
		if (parse_i32(e->d_name, 10, &fd) == 0)
			vec_push(&r->d->m.arena, &ret->v, (struct table_fd){ .fd = fd });
	if (ret->v.n)
		qsort(ret->v.v, ret->v.n, sizeof(ret->v.v[0]), compare_fds);
	return 0;
}

static int read_fdinfo(void *arg, size_t i, struct arena *a)
{
	struct table_fds *fds = arg;
	struct table_fd *t = &fds->v.v[i];
	auto_free char *text = NULL;
	char name[16];
	size_t room = 0;

	snprintf(name, sizeof(name), "%d", t->fd);
	t->err = fdinfo_read(fds->fdinfo_dir, name, &text, &room);
	if (!t->err)
		t->fdinfo = arena_strdup(a, text);
	return 0;			/* it is told where the descriptor is looked at */
}

/* The kernel needs longer for these than for all else that is asked about a descriptor. */
static int read_fdinfos(struct reader *r, struct table_fds *fds)
{
	const struct parallel p = {
		.n = fds->v.n, .grain = 64, .work = read_fdinfo, .arg = fds, .arena = &r->d->m.arena,
	};

	return parallel_run(&p);
}

static int open_proc_dir(pid_t pid, const char *name)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail_errno("open %s", path) : fd;
}

static int scan_table(struct dump *d, const struct task *t)
{
	auto_fd int fd_dir = open_proc_dir(leader(t)->pid_real, "fd");
	auto_fd int fdinfo_dir = open_proc_dir(leader(t)->pid_real, "fdinfo");
	struct reader r = { .d = d, .task = t, .table = t->fds, .fd_dir = fd_dir };
	struct table_fds fds = { .fdinfo_dir = fdinfo_dir };
	int err;

	if (fd_dir < 0 || fdinfo_dir < 0)
		return min(fd_dir, fdinfo_dir);
	err = list_fds(&r, &fds);
	if (!err)
		err = read_fdinfos(&r, &fds);
	for (size_t i = 0; i < fds.v.n && !err; i++)
		err = scan_fd(&r, &fds.v.v[i]);
	return err;
}

static int scan_threads(struct dump *d, const struct task *t)
{
	for (size_t i = 1; i < t->n_threads; i++) {
		int same = has_same_fd_table(leader(t)->pid_real, t->threads[i].pid_real);

		if (same < 0)
			return same;
		if (!same)
			refuse(&d->refusals, REFUSE_THREAD_FILES, "thread %d has a descriptor table of its own",
			       t->threads[i].pid);
	}
	return 0;
}

static int scan_task(struct dump *d, struct task *t)
{
	struct fd_table *table;
	int err;

	IN_SCOPE("task", leader(t)->pid);
	err = scan_threads(d, t);
	if (!err)
		err = fd_table_find(d, leader(t)->pid_real, &table);
	if (err)
		return err;
	t->fds = table;
	if (!table->owner) {
		table->owner = t;
		table->id = d->m.fd_tables.n + 1;
		vec_push(&d->m.arena, &d->m.fd_tables, table);
		err = scan_table(d, t);
	}
	if (!t->ids)
		t->ids = arena_msg(&d->m.arena, TaskKobjIdsEntry, task_kobj_ids_entry__init);
	t->ids->files_id = table->id;
	return err;
}

/* Each file once, with the first descriptor that leads to it. */
static int scan_peers(struct dump *d)
{
	bool *is_done = calloc(d->m.files.n + 1, sizeof(bool));
	int err = 0;

	for (size_t n = 0; n < d->m.fd_tables.n && !err; n++) {
		const struct fd_table *table = d->m.fd_tables.v[n];

		IN_SCOPE("task", leader(table->owner)->pid);
		for (size_t i = 0; i < table->fds.n && !err; i++) {
			const FdinfoEntry *e = table->fds.v[i];
			struct file *f = model_file(&d->m, e->id);

			if (is_done[e->id - 1] || !f->kind->scan_peers)
				continue;
			is_done[e->id - 1] = true;
			IN_SCOPE("fd", e->fd);
			err = f->kind->scan_peers(d, table->owner, e->fd, f->rec);
		}
	}
	free(is_done);
	return err;
}

int files_scan(struct dump *d)
{
	int err = 0;

	for (size_t i = 0; i < d->m.tasks.n && !err; i++)
		if (is_alive(d->m.tasks.v[i]))
			err = scan_task(d, d->m.tasks.v[i]);
	if (!err)
		err = locks_refuse_hidden(d);
	return err ? err : scan_peers(d);
}

void files_release(struct dump *d)
{
	for (size_t i = 0; i < n_file_kinds; i++)
		if (file_kinds[i]->release_dump)
			file_kinds[i]->release_dump(d);
}

void files_commit(struct dump *d)
{
	files_dump_state(d)->is_committed = true;
}
