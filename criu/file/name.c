/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Temporary names in file systems, and those that a restore makes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "file/name.h"

static void remove_name(const char *path)
{
	if (unlink(path) < 0 && (errno != EISDIR || rmdir(path) < 0) && errno != ENOENT)
		warn_errno("remove temporary %s", path);
}

void name_take_back(const char *name, const char *n_parents)
{
	char path[PATH_MAX], *slash;

	remove_name(name);
	snprintf(path, sizeof(path), "%s", name);
	for (int n = atoi(n_parents); n > 0 && (slash = strrchr(path, '/')); n--) {
		*slash = 0;
		remove_name(path);
	}
}

/* In a child: who enters a mount namespace is at its root from then on, wherever the roots of the tasks in it are. */
void name_take_back_inside(const char *path, const char *ns)
{
	pid_t pid;

	if (!*ns) {
		remove_name(path);
		return;
	}
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid < 0)
		warn_errno("remove temporary %s", path);
	if (!pid) {
		auto_fd int fd = open(ns, O_RDONLY | O_CLOEXEC);

		/* A namespace that has ended has taken the name along, or has left it to nobody who could be asked. */
		if (fd >= 0 && setns(fd, CLONE_NEWNS) == 0)
			remove_name(path);
		else
			warn_errno("remove temporary %s: enter %s", path, ns);
		_exit(EXIT_SUCCESS);
	}
}
