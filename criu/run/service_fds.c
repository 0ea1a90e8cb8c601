/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool's descriptors and the tree's share one table in every task while it is rebuilt. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "image/dir.h"
#include "run/restore.h"
#include "run/service_fds.h"

enum { FD_MAX = 1 << 20 };	/* fs.nr_open, where nobody has raised it */

static int highest_in_table(struct restore *r, unsigned long id, int *highest)
{
	struct image_in in;
	FdinfoEntry *e;
	int got = image_in_open(&in, &r->m.arena, r->img_dir, IMG_FDINFO, id);

	if (got)
		return got;
	while ((got = image_next(&in, &e)) > 0) {
		if (e->fd >= FD_MAX)
			return image_bad(&in, "descriptor %u is above every limit", e->fd);
		*highest = max(*highest, (int)e->fd);
	}
	return got;
}

static int highest_in_images(struct restore *r, int *highest)
{
	int fd = fcntl(r->img_dir, F_DUPFD_CLOEXEC, 3);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir)
		return fail_errno("list the images directory");
	rewinddir(dir);		/* the position is shared with img_dir */
	while ((e = readdir(dir))) {
		unsigned long id;
		int err;

		if (sscanf(e->d_name, "fdinfo-%lu.img", &id) != 1)
			continue;
		err = highest_in_table(r, id, highest);
		if (err)
			return err;
	}
	return 0;
}

static int raise_limit(int wanted)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return fail_errno("getrlimit");
	if (l.rlim_max < (rlim_t)wanted)
		return fail(EMFILE, "the tree has descriptor %d, but the limit of open files is %llu: raise ulimit -n",
			    wanted, (unsigned long long)l.rlim_max);
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		return fail_errno("setrlimit");
	return 0;
}

static int move_up(int *fd, int min)
{
	int up = fcntl(*fd, F_DUPFD_CLOEXEC, min);

	if (up < 0)
		return fail_errno("move descriptor %d above %d", *fd, min);
	*fd = up;
	return 0;
}

static int occupy_low(int min)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (fd >= 0 && fd < min)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno("occupy descriptors below %d", min);
	close(fd);
	return 0;
}

int service_fds_reserve(struct restore *r)
{
	int highest = 2, err, log = log_fd(), log_dir = log_task_dir(), old_dir = r->img_dir;

	err = highest_in_images(r, &highest);
	if (!err)
		err = raise_limit(highest + 64);
	if (err)
		return err;
	r->service_fd_min = highest + 1;
	err = move_up(&r->img_dir, r->service_fd_min);
	if (!err)
		err = move_up(&log, r->service_fd_min);
	if (!err && log_dir >= 0)
		err = move_up(&log_dir, r->service_fd_min);
	if (err)
		return err;
	close(old_dir);
	log_to_fd(log);
	if (log_dir >= 0)
		log_task_dir_is(log_dir);
	return occupy_low(r->service_fd_min);
}

int service_fds_free_low(const struct restore *r)
{
	if (close_range(0, r->service_fd_min - 1, 0) < 0)
		return fail_errno("close_range");
	return 0;
}
