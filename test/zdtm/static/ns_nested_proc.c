// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As unshare(1) --pid --fork --mount-proc: a child that is the init of a pid namespace and has mounted its proc over the
 * old one, with a tmpfs and a part of it mounted in there; beside it one in another such namespace, and inside it a third.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested pid namespaces
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static bool is_number(const char *name)
{
	return strspn(name, "0123456789") == strlen(name);
}

/* The processes that /proc shows; self must be one of them. */
static int count_processes(bool *has_self)
{
	DIR *dir = opendir("/proc");
	char self[16] = "";
	int n = 0;

	*has_self = readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid();
	for (struct dirent *e; dir && (e = readdir(dir));)
		n += is_number(e->d_name);
	if (dir)
		closedir(dir);
	return n;
}

static long long field(const char *name)
{
	return zt_proc_value("/proc/self/status", name, 10);
}

static void mounts_its_proc(void)
{
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0);
	SETUP(mount("/proc/fs", "/proc/fs", NULL, MS_BIND, NULL) == 0);
	SETUP(mount(NULL, "/proc/fs", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	SETUP(mount("masked", "/proc/tty", "tmpfs", MS_RDONLY, "size=4k") == 0);
}

/* The other end of it is a number that only this namespace knows. */
static void check_file(int fd)
{
	char text[64] = "";

	CHECK(pread(fd, text, sizeof(text) - 1, 0) > 0 && !strncmp(text, "1 (", 3), "/proc/self/stat says \"%s\"", text);
}

static void has_proc(void (*inner)(void *arg))
{
	struct stat st;
	bool has_self;
	int n, fd;
	pid_t pid = 0;

	SETUP(getpid() == 1);
	mounts_its_proc();
	if (inner)
		pid = zt_clone_child(CLONE_NEWPID | CLONE_NEWNS, inner, NULL);
	n = count_processes(&has_self);
	SETUP(has_self && n == (inner ? 2 : 1));
	SETUP((fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)) >= 0);
	zt_checkpoint();

	CHECK_EQ(count_processes(&has_self), n);
	CHECK(has_self, "/proc/self is somebody else");
	CHECK_EQ(field("Pid"), 1);
	check_file(fd);
	CHECK(stat("/proc/tty/drivers", &st) < 0, "/proc/tty is not covered");
	CHECK(close(fd) == 0 && umount("/proc/tty") == 0 && umount("/proc/fs") == 0 && umount("/proc") == 0, "unmount what was mounted");
	CHECK(field("Pid") != 1, "below the mounted proc is another of the same namespace");
	if (pid)
		zt_end_child(pid);
}

static void innermost(void *arg)
{
	(void)arg;
	has_proc(NULL);
}

static void outer(void *arg)
{
	(void)arg;
	has_proc(innermost);
}

int main(void)
{
	pid_t first, second;
	bool has_self;

	zt_init();
	first = zt_clone_child(CLONE_NEWPID | CLONE_NEWNS, outer, NULL);
	second = zt_clone_child(CLONE_NEWPID | CLONE_NEWNS, innermost, NULL);
	zt_checkpoint();

	count_processes(&has_self);
	CHECK(has_self, "/proc is not that of the root's namespace");
	zt_end_child(second);
	zt_end_child(first);
	return zt_result();
}
