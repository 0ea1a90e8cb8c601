/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In a task: every descriptor to its number, then contents and owners. */
#include <errno.h>
#include <fcntl.h>
#include <sys/pidfd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/files.h"
#include "file/fown.h"
#include "file/install.h"
#include "file/locks.h"
#include "file/places.h"
#include "file/record.h"
#include "file/relay.h"
#include "file/state.h"
#include "run/restore.h"
#include "run/shared.h"

/* The maker of the file fetched last: tasks share many files with one relative. */
struct source {
	pid_t pid;
	int pidfd;
};

static int source_open(const struct restore *r, struct source *s, pid_t pid)
{
	auto_fd int pidfd = -1;

	if (s->pid == pid)
		return 0;
	pidfd = relay_open(r, pid);
	if (pidfd < 0)
		return pidfd;
	own_close_fd(&s->pidfd);
	s->pidfd = -1;
	s->pid = 0;
	/* Low numbers belong to the task. */
	if (fd_keep(r, &pidfd, &s->pidfd))
		return -EMFILE;
	s->pid = pid;
	return 0;
}

static int fetch(const struct restore *r, struct source *s, size_t index, int *ret_fd)
{
	const struct shared_file *at = shared_file(r->shared, index);
	int fd, err;

	if (!at->pid)
		return fail(EINVAL, "file %u was made by nobody", r->m.files.v[index].entry->id);
	err = source_open(r, s, at->pid);
	if (err)
		return err;
	fd = pidfd_getfd(s->pidfd, at->fd, 0);
	if (fd < 0)
		return fail_errno("fetch file %u from process %d", r->m.files.v[index].entry->id, at->pid);
	*ret_fd = fd;
	return 0;
}

int file_fetch(const struct restore *r, uint32_t id, int *ret_fd)
{
	const struct file *f = model_file(&r->m, id);
	struct source s = { .pidfd = -1 };
	int err;

	if (!f)
		return fail(EINVAL, "file %u does not exist in the images", id);
	err = fetch(r, &s, file_index(&r->m, f), ret_fd);
	own_close_fd(&s.pidfd);
	return err;
}

static int install_fd(struct restore *r, struct source *s, const FdinfoEntry *e)
{
	size_t index = file_index(&r->m, model_file(&r->m, e->id));
	int *local = &r->files->local[index], err;
	bool is_cloexec = e->flags & FD_CLOEXEC;
	auto_fd int fd = -1;

	IN_SCOPE("fd", e->fd);
	if (*local == (int)e->fd)
		return 0;
	if (*local >= 0)
		return fd_put(*local, e->fd, is_cloexec);
	err = fetch(r, s, index, &fd);
	if (!err)
		err = fd_put(fd, e->fd, is_cloexec);
	if (fd == (int)e->fd)
		fd = -1;
	if (!err)
		*local = e->fd;
	return err;
}

int files_install(struct restore *r)
{
	const struct fd_table *t = r->self->fds;
	struct source s = { .pidfd = -1 };
	int err = 0;

	if (!t || t->owner != r->self)
		return 0;
	for (size_t i = 0; i < t->fds.n && !err; i++)
		err = install_fd(r, &s, t->fds.v[i]);
	own_close_fd(&s.pidfd);
	return err;
}

static int fill_file(struct restore *r, size_t index)
{
	const struct file *f = &r->m.files.v[index];
	FownEntry **own = record_fown(f->kind, f->rec);
	int fd = r->files->local[index], err = 0, flags;

	IN_SCOPE("file", f->entry->id);
	if (f->kind->fill)
		err = f->kind->fill(r, r->self, f->rec, fd);
	if (!err && own && !(record_flags(f) & O_PATH))
		err = fown_set(r, *own, fd);
	if (err || !(record_flags(f) & O_ASYNC) || record_flags(f) & O_PATH)
		return err;
	/* Last: contents put in would send signals. The kernel notes the number for si_fd. */
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_ASYNC) < 0)
		return fail_errno("set O_ASYNC");
	return 0;
}

int files_fill(struct restore *r)
{
	int err = 0;

	for (size_t i = 0; i < r->m.files.n && !err; i++)
		if (r->files->plan[i].owner == r->self)
			err = fill_file(r, i);
	return err ? err : locks_make(r);
}
