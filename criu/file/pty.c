/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of a container: the tree has the slave, an engine the master. The root task makes such pairs anew in the
 * tree's own devpts, where their numbers are free, and the engine gets the masters (orphan-pts-master).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "file/places.h"
#include "file/tty.h"
#include "file/where.h"
#include "mount/set.h"
#include "ns/ns.h"
#include "ns/user.h"
#include "options.h"
#include "run/restore.h"
#include "run/script.h"

bool pty_is_taken(const struct options *opt)
{
	return !opt->shell_job && opt->client && opt->client->wants_steps && opt->client->wants_pts_master;
}

static bool is_lone_slave(const TtyInfoEntry *e)
{
	return e->type == TTY_TYPE__PTY && !(e->id & 1);
}

const RegFileEntry *pty_path(const struct model *m, const TtyInfoEntry *info)
{
	for (size_t i = 0; i < m->files.n; i++) {
		const TtyFileEntry *e = m->files.v[i].rec;

		if (m->files.v[i].entry->type == FD_TYPES__TTY && e->tty_info_id == info->id && e->has_regf_id)
			return where_entry(m, e->regf_id);
	}
	return NULL;
}

int pty_prepare(struct restore *r)
{
	struct ttys *t = ttys_of(&r->m);

	if (r->opt->shell_job || !t->infos.n)
		return 0;
	t->masters = mmap(NULL, t->infos.n * sizeof(*t->masters), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->masters == MAP_FAILED)
		return fail_errno("no memory for terminals");
	for (size_t i = 0; i < t->infos.n; i++) {
		const RegFileEntry *path = is_lone_slave(t->infos.v[i]) ? pty_path(&r->m, t->infos.v[i]) : NULL;

		if (!path)
			continue;
		if (!pty_is_taken(r->opt) || !where_is_inside(r, path))
			return fail(ENOTTY, "the tree had a terminal (%s): restore it with --shell-job on a terminal, or "
				    "by an engine that takes the other end (orphan_pts_master)", path->name);
		t->masters[t->n_masters++] = (struct pty_master){ t->infos.v[i], path, -1 };
	}
	return 0;
}

/* One that the builder of mounts has made, since it is mounted somewhere; -1: none. */
static int find_made(const struct restore *r, const TtyInfoEntry *info)
{
	const struct mount_set *s = r->m.mounts;
	uint32_t dev = major(info->dev) << 20 | minor(info->dev);

	for (size_t i = 0; i < s->n_ptys; i++)
		if (s->ptys[i].dev == dev && s->ptys[i].index == info->pty->index)
			return s->ptys[i].fd;
	return -1;
}

static int open_new(struct restore *r, const RegFileEntry *slave, uint32_t index, int *ret_fd)
{
	const char *slash = strrchr(slave->name, '/');
	RegFileEntry ptmx = *slave;
	int multiplexer;

	ptmx.name = arena_printf(&r->m.arena, "%.*s/ptmx", (int)(slash - slave->name), slave->name);
	multiplexer = where_open_entry(r, &ptmx, O_RDWR | O_NOCTTY);
	if (multiplexer < 0)
		return fail_with(multiplexer, "open %s", ptmx.name);
	return pty_open_index(multiplexer, index, ret_fd);
}

static int set_owner(const struct restore *r, const struct pty_master *m, int slave)
{
	const struct ns *root = ns_of_root(&r->m, NS_USER);

	if (m->info->has_uid && m->info->has_gid &&
	    fchown(slave, user_uid_here(r, root, m->info->uid), user_gid_here(r, root, m->info->gid)) < 0)
		return fail_errno("%s: set its owner", m->path->name);
	if (m->path->has_mode && fchmod(slave, m->path->mode & 07777) < 0)
		return fail_errno("%s: set its mode", m->path->name);
	return 0;
}

static int set_up(struct restore *r, const struct pty_master *m)
{
	const WinsizeEntry *w = m->info->winsize;
	auto_fd int slave = where_open_entry(r, m->path, O_RDWR | O_NOCTTY);
	int err;

	if (slave < 0)
		return fail_with(slave, "open %s", m->path->name);
	err = m->info->termios ? tty_set_termios(m->info->termios, slave) : 0;
	if (!err && w) {
		struct winsize size = { w->ws_row, w->ws_col, w->ws_xpixel, w->ws_ypixel };

		if (ioctl(slave, TIOCSWINSZ, &size) < 0)
			err = fail_errno("%s: set its size", m->path->name);
	}
	return err ?: set_owner(r, m, slave);
}

int pty_make_masters(struct restore *r)
{
	struct ttys *t = ttys_of(&r->m);
	int err = 0;

	for (size_t i = 0; i < t->n_masters && !err; i++) {
		struct pty_master *m = &t->masters[i];
		auto_fd int fd = -1;

		m->fd = find_made(r, m->info);
		if (m->fd < 0) {
			err = open_new(r, m->path, m->info->pty->index, &fd);
			if (!err)
				err = fd_keep(r, &fd, &m->fd);
		}
		if (!err)
			err = set_up(r, m);
	}
	return err;
}

bool pty_is_made(const struct restore *r, const TtyInfoEntry *info)
{
	const struct ttys *t = ttys_of((struct model *)&r->m);

	for (size_t i = 0; i < t->n_masters; i++)
		if (t->masters[i].info == info)
			return true;
	return false;
}

int pty_lead(struct restore *r, const struct task *t)
{
	const struct ttys *ttys = ttys_of(&r->m);

	for (size_t i = 0; i < ttys->n_masters; i++) {
		const struct pty_master *m = &ttys->masters[i];
		auto_fd int slave = -1;

		if (m->info->sid != (uint32_t)leader(t)->pid)
			continue;
		slave = where_open_entry(r, m->path, O_RDWR | O_NOCTTY);
		if (slave < 0)
			return fail_with(slave, "open %s", m->path->name);
		if (ioctl(slave, TIOCSCTTY, 0) < 0)
			return fail_errno("%s: control session %u", m->path->name, m->info->sid);
	}
	return 0;
}

int pty_hand_over(struct restore *r, pid_t root_real)
{
	const struct ttys *t = ttys_of(&r->m);
	auto_fd int pidfd = -1;
	int err = 0;

	if (!t->n_masters)
		return 0;
	pidfd = pidfd_open(root_real, 0);
	if (pidfd < 0)
		return fail_errno("open process %d", root_real);
	for (size_t i = 0; i < t->n_masters && !err; i++) {
		auto_fd int master = pidfd_getfd(pidfd, t->masters[i].fd, 0);

		err = master < 0 ? fail_errno("fetch the master of %s", t->masters[i].path->name) :
				   script_give_fd(r->opt, "orphan-pts-master", master);
	}
	return err;
}
