// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child in a cgroup namespace of its own, whose root is the program's cgroup; then it has gone on to one below. What
 * it sees of itself and of its parent stays.
 * zdtm-flavor: h
 * zdtm-peer: only namespaces that the root task is in, too
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static const char *tops[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup" };
static char outer[128], inner[160];

static int move_to(const char *dir)
{
	char path[200];
	int fd, ok;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "0", 1) == 1;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void child(void *arg)
{
	char before[2048] = "", after[2048] = "", parent_before[2048] = "", parent_after[2048] = "", path[32];

	(void)arg;
	SETUP(unshare(CLONE_NEWCGROUP) == 0);
	SETUP(move_to(inner));
	snprintf(path, sizeof(path), "/proc/%d/cgroup", getppid());
	SETUP(zt_read_file("/proc/self/cgroup", before, sizeof(before)) > 0);
	SETUP(zt_read_file(path, parent_before, sizeof(parent_before)) > 0);
	zt_checkpoint();

	CHECK(zt_read_file("/proc/self/cgroup", after, sizeof(after)) > 0, "read");
	CHECK(!strcmp(before, after), "it sees itself in\n%s, not in\n%s", after, before);
	CHECK(zt_read_file(path, parent_after, sizeof(parent_after)) > 0, "read");
	CHECK(!strcmp(parent_before, parent_after), "it sees its parent in\n%s, not in\n%s", parent_after, parent_before);
}

int main(void)
{
	char seen[2048] = "";
	pid_t pid;
	size_t i;

	zt_init();
	for (i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
		snprintf(outer, sizeof(outer), "%s/%s", tops[i], zt_cgroup_name());
		if (mkdir(outer, 0755) == 0 && move_to(outer))
			break;
		rmdir(outer);
	}
	if (i == sizeof(tops) / sizeof(*tops))
		zt_skip("no cgroup hierarchy can be written");
	snprintf(inner, sizeof(inner), "%s/inner", outer);
	SETUP(mkdir(inner, 0755) == 0);
	pid = zt_child(child, NULL);
	zt_checkpoint();

	zt_end_child(pid);
	CHECK(zt_read_file("/proc/self/cgroup", seen, sizeof(seen)) > 0 && strstr(seen, zt_cgroup_name()), "the program is in\n%s",
	      seen);
	CHECK(rmdir(inner) == 0, "remove %s: %s", inner, strerror(errno));
	CHECK(move_to(tops[i]) && rmdir(outer) == 0, "remove %s: %s", outer, strerror(errno));
	return zt_result();
}
