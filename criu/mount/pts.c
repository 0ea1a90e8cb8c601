/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a devpts exist as long as somebody holds the master, so mounting one needs a master first. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/read.h"
#include "mount/pts.h"

enum { MAX_TERMINALS = 1 << 12 };

/* "/3" */
static bool terminal_of(const struct mnt *mnt, int32_t *ret)
{
	return mnt->sb->kind && mnt->sb->kind->type == FSTYPE__DEVPTS && mnt->e->root[0] == '/' &&
	       parse_i32(mnt->e->root + 1, 10, ret) == 0;
}

size_t pts_count(const struct mounts *m)
{
	size_t n = 0;
	int32_t index;

	for (size_t i = 0; i < m->all.n; i++)
		n += terminal_of(m->all.v[i], &index);
	return n;
}

/* The kernel gives the lowest number that is free: those below are taken, too, and given back at the end. */
int pty_open_index(int first, uint32_t index, int *ret_fd)
{
	auto_fd int fd = first;
	unsigned int has;
	int next, unlock = 0;
	char path[40];

	if (index >= MAX_TERMINALS)
		return fail(EINVAL, "terminal number %u is too high", index);
	if (ioctl(fd, TIOCGPTN, &has) < 0)
		return fail_errno("ask for the number of a terminal");
	if (has == index) {
		if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
			return fail_errno("unlock terminal %u", index);
		*ret_fd = take_fd(&fd);
		return 0;
	}
	if (has > index)
		return fail(EBUSY, "terminal %u is taken", index);
	/* Through the link in /proc the node is opened again, which makes a new terminal of the same instance. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	next = proc_open(path, O_RDWR | O_NOCTTY);
	return next < 0 ? fail_with(next, "open another terminal") : pty_open_index(next, index, ret_fd);
}

int pts_make(const struct mnt_sb *sb, int fs, struct pts_made *v, size_t *n)
{
	for (size_t i = 0; i < sb->mnts.n; i++) {
		int32_t index;
		bool is_there = false;
		int fd, err;

		if (!terminal_of(sb->mnts.v[i], &index))
			continue;
		for (size_t k = 0; k < *n; k++)
			is_there = is_there || (v[k].dev == sb->dev && v[k].index == (uint32_t)index);
		if (is_there)
			continue;
		fd = openat(fs, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			return fail_errno("open a terminal for %s", sb->mnts.v[i]->e->mountpoint);
		err = pty_open_index(fd, index, &fd);
		if (err)
			return err;
		v[(*n)++] = (struct pts_made){ sb->dev, index, fd };
	}
	return 0;
}
