/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory that a restore made holds nothing but what the restore and its tasks made there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "cgroup/remove.h"

/* Killed tasks are counted until they have ended. */
static int remove_patiently(int dir, const char *name)
{
	enum { TRIES = 1000 };
	const struct timespec pause = { .tv_nsec = 2 * 1000 * 1000 };

	for (int i = 0; unlinkat(dir, name, AT_REMOVEDIR) < 0; i++) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || i == TRIES)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int remove_below(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	auto_dir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	int err = 0;

	if (!list)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (d = readdir(list)))
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			err = remove_below(dirfd(list), d->d_name);
	return err ? err : remove_patiently(dir, name);
}

int cgroup_remove(const char *path)
{
	return remove_below(AT_FDCWD, path);
}

void cgroup_take_back(const char *path, const char *value not_used)
{
	if (cgroup_remove(path))
		warn("cgroup %s stays", path);
}
