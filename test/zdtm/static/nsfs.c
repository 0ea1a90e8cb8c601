// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors of namespaces: of those that the process is in, of a child's that it is not in itself, also inherited and
 * duplicated; they lead to the same namespaces, and into them.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses namespaces below the root's
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static const char *const kinds[] = { "user", "uts", "ipc", "net", "mnt", "pid", "cgroup", "time", "pid_for_children" };
enum { N = sizeof(kinds) / sizeof(kinds[0]) };

static int own[N], child[N], doubled;

static void open_all(pid_t pid, int fds[N])
{
	for (int i = 0; i < N; i++) {
		char path[48];

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i]);
		fds[i] = open(path, O_RDONLY | (i % 2 ? O_CLOEXEC : 0));
		SETUP(fds[i] >= 0);
	}
}

static ino_t ino_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void check_all(const char *whose, pid_t pid, const int fds[N])
{
	for (int i = 0; i < N; i++) {
		char path[48];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i]);
		CHECK(stat(path, &st) == 0, "%s", path);
		CHECK(ino_of(fds[i]) == st.st_ino, "the %s namespace of %s is %lu, its descriptor's is %lu", kinds[i], whose,
		      (unsigned long)st.st_ino, (unsigned long)ino_of(fds[i]));
		CHECK(fcntl(fds[i], F_GETFD) == (i % 2 ? FD_CLOEXEC : 0), "flags of descriptor %d", fds[i]);
	}
}

static void away(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP) == 0 && sethostname("away", 4) == 0);
	zt_checkpoint();
	check_all("the parent, seen by its child", getppid(), own);
}

int main(void)
{
	char name[16] = "";
	pid_t pid;

	zt_init();
	open_all(getpid(), own);
	pid = zt_child(away, NULL);
	open_all(pid, child);
	doubled = dup(child[1]);
	SETUP(doubled >= 0);
	zt_checkpoint();

	check_all("the root", getpid(), own);
	check_all("its child", pid, child);
	CHECK(ino_of(doubled) == ino_of(child[1]), "the duplicate");
	CHECK(setns(doubled, CLONE_NEWUTS) == 0, "enter the child's UTS namespace");
	CHECK(gethostname(name, sizeof(name)) == 0 && !strcmp(name, "away"), "its name is %s", name);
	CHECK(setns(own[1], CLONE_NEWUTS) == 0, "come back");
	zt_end_child(pid);
	return zt_result();
}
