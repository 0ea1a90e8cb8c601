/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The links of /proc/PID/map_files may be followed with CAP_CHECKPOINT_RESTORE in the first user namespace alone
 * (proc_map_files_get_link() in fs/proc/base.c). To the user of a container the same files are open by their names, by
 * descriptors of the tree, or by /proc/PID/exe; that it is the same one is told by device and inode.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "mem/mapped.h"
#include "mem/stand_in.h"
#include "mem/vmas.h"
#include "run/dump.h"

static void print_link(const struct task *t, const struct vma *v, char *ret_link, size_t room)
{
	snprintf(ret_link, room, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, leader(t)->pid_real, v->start, v->end);
}

void mapped_probe(struct dump *d)
{
	for (size_t i = 0; i < d->m.tasks.n; i++) {
		const struct vma_list *l = d->m.tasks.v[i]->dump->vmas;

		for (size_t n = 0; n < l->v.n; n++) {
			const struct vma *v = &l->v.v[n];
			char link[80];
			struct stat st;

			if (!v->ino)
				continue;
			print_link(d->m.tasks.v[i], v, link, sizeof(link));
			d->mapped.has_map_files = !stat(link, &st) || errno != EPERM;
			return;
		}
	}
}

/* An O_PATH descriptor, or -1. */
static int open_same(const struct vma *v, const char *path)
{
	auto_fd int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != v->ino || st.st_dev != makedev(v->dev_major, v->dev_minor))
		return -1;
	return take_fd(&fd);
}

static int open_in_table(const struct vma *v, pid_t pid)
{
	char path[300];
	auto_dir DIR *list = NULL;
	struct dirent *e;
	int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	list = opendir(path);
	while (fd < 0 && list && (e = readdir(list))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, e->d_name);
		if (*e->d_name != '.')
			fd = open_same(v, path);
	}
	return fd;
}

static int find_file(const struct dump *d, const struct task *t, const struct vma *v)
{
	char path[PATH_MAX + 32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root%s", leader(t)->pid_real, v->path);
	fd = *v->path == '/' ? open_same(v, path) : -1;
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/exe", leader(t)->pid_real);
		fd = open_same(v, path);
	}
	for (size_t i = 0; i < d->m.tasks.n && fd < 0; i++)
		if (is_alive(d->m.tasks.v[i]))
			fd = open_in_table(v, leader(d->m.tasks.v[i])->pid_real);
	return fd;
}

static int find_object(struct dump *d, const struct task *t, const struct vma *v, int *ret_fd)
{
	*ret_fd = find_file(d, t, v);
	if (*ret_fd >= 0)
		return 0;
	if (is_memory_alone(v))
		return stand_in_make(d, v, ret_fd);
	refuse(&d->refusals, REFUSE_VMA_UNREACHABLE, "mapping %" PRIx64 "-%" PRIx64 " %s: the file is neither at that "
	       "path nor open in the tree, and this user may not follow /proc/PID/map_files", v->start, v->end, v->path);
	return 0;
}

int mapped_link(struct dump *d, const struct task *t, const struct vma *v, char *ret_link, size_t room)
{
	struct mapped_objects *m = &d->mapped;
	struct mapped_object new = { v->dev_major, v->dev_minor, v->ino, -1 };
	size_t i;
	int err;

	print_link(t, v, ret_link, room);
	if (m->has_map_files)
		return 0;
	for (i = 0; i < m->v.n; i++)
		if (m->v.v[i].ino == v->ino && m->v.v[i].dev_major == v->dev_major && m->v.v[i].dev_minor == v->dev_minor)
			break;
	if (i == m->v.n) {
		err = find_object(d, t, v, &new.fd);
		if (err)
			return err;
		vec_push(&d->m.arena, &m->v, new);
	}
	*ret_link = 0;
	if (m->v.v[i].fd >= 0)
		snprintf(ret_link, room, "/proc/self/fd/%d", m->v.v[i].fd);
	return 0;
}

void mapped_release(struct dump *d)
{
	for (size_t i = 0; i < d->mapped.v.n; i++)
		own_close_fd(&d->mapped.v.v[i].fd);
	d->mapped.v.n = 0;
}
