/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In a task: the files it is the maker of. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include "base/log.h"
#include "base/own.h"
#include "file/files.h"
#include "file/install.h"
#include "file/places.h"
#include "file/plan.h"
#include "file/record.h"
#include "file/relay.h"
#include "file/search.h"
#include "kernel/read.h"
#include "run/restore.h"
#include "run/shared.h"

/* What F_SETFL changes; the rest of the flags must have been right when the file was opened. */
#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

int fd_keep(const struct restore *r, int *fd, int *ret_kept)
{
	int kept;

	if (*fd >= r->service_fd_min) {
		*ret_kept = take_fd(fd);
		return 0;
	}
	kept = fcntl(*fd, F_DUPFD_CLOEXEC, r->service_fd_min);
	if (kept < 0)
		return fail_errno("move descriptor %d above %d (raise the limit on open files)", *fd,
				  r->service_fd_min);
	close(take_fd(fd));
	*ret_kept = kept;
	return 0;
}

int file_reopen(int fd, uint32_t flags, int *ret_fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = proc_open(path, flags | O_NOCTTY);
	if (again < 0)
		return again;
	*ret_fd = again;
	return 0;
}

int file_place(const struct restore *r, uint32_t id)
{
	const struct file *f = model_file(&r->m, id);

	return f && r->files->local ? r->files->local[file_index(&r->m, f)] : -1;
}

static int set_flags(const struct file *f, int fd)
{
	uint32_t wanted = record_flags(f);
	int flags;

	if (!record_u32(f->kind, f->rec, "flags") || wanted & O_PATH)
		return 0;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return fail_errno("get flags");
	if (((uint32_t)flags ^ wanted) & SETTABLE_FLAGS &&
	    fcntl(fd, F_SETFL, (flags & ~SETTABLE_FLAGS) | (wanted & SETTABLE_FLAGS)) < 0)
		return fail_errno("set flags 0%o", wanted);
	return 0;
}

int fd_put(int from, int to, bool is_cloexec)
{
	if (from == to) {
		if (fcntl(to, F_SETFD, is_cloexec ? FD_CLOEXEC : 0) < 0)
			return fail_errno("set flags of descriptor %d", to);
	} else if (dup3(from, to, is_cloexec ? O_CLOEXEC : 0) < 0) {
		return fail_errno("put descriptor %d to %d", from, to);
	}
	return 0;
}

static int place(struct restore *r, size_t index, int *fd)
{
	const struct file_plan *p = &r->files->plan[index];
	int err, at = p->fd;

	if (at < 0) {
		err = fd_keep(r, fd, &at);
	} else {
		err = fd_put(*fd, at, table_find(r->self->fds, at)->flags & FD_CLOEXEC);
		if (*fd == at)
			*fd = -1;
	}
	if (err)
		return err;
	r->files->local[index] = at;
	*shared_file(r->shared, index) = (struct shared_file){
		.pid = leader(r->self)->pid,
		.fd = at,
	};
	return 0;
}

static int make_file(struct restore *r, size_t index)
{
	const struct file *f = &r->m.files.v[index];
	auto_fd int fd = -1;
	int err;

	IN_SCOPE("file", f->entry->id);
	err = f->kind->make(r, f->rec, &fd);
	if (!err)
		err = set_flags(f, fd);
	if (!err)
		err = place(r, index, &fd);
	return err;
}

int files_make(struct restore *r)
{
	int err = relay_offer(r);

	r->files->local = arena_array(&r->m.arena, int, r->m.files.n);
	for (size_t i = 0; i < r->m.files.n; i++)
		r->files->local[i] = -1;
	for (size_t i = 0; i < r->m.files.n && !err; i++)
		if (r->files->plan[i].owner == r->self)
			err = make_file(r, i);
	return err;
}

int files_open(struct restore *r, uint32_t id, int *ret_fd)
{
	const struct file *f = model_file(&r->m, id);
	auto_fd int fd = -1;
	int err;

	if (!f)
		return fail(EINVAL, "file %u does not exist in the images", id);
	IN_SCOPE("file", id);
	err = f->kind->make(r, f->rec, &fd);
	return err ? err : fd_keep(r, &fd, ret_fd);
}
