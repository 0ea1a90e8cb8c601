/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool's descriptors and the tree's share one table in every task while it is rebuilt. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "file/files.h"
#include "run/restore.h"
#include "run/service_fds.h"

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
	int highest = max(files_highest_fd(&r->m), 2), log = log_fd(), log_dir = log_task_dir(), old_dir = r->img_dir;
	int err = raise_limit(highest + 64);

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
