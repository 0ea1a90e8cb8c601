// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All kinds of namespaces at once, with something in each: a tmpfs, a proc and a sysfs, a pair of devices, packet filters, a
 * semaphore, a name, cgroups of both versions; and in a chroot a file that has lost the name it was opened by. test/fault kills
 * the tool at work on it.
 * zdtm-ignore: (cwd|root)
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-flavor: h,ns,uns
 * zdtm-dump: --link-remap
 * zdtm-cgroups: gone
 * zdtm-peer: refuses nested pid namespaces
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static char work[400];

/* The directory of the test, at its path in another root: the library looks for it there. */
static void bind_work(const char *root)
{
	char path[1000];

	for (size_t i = 1; work[i]; i++)
		if (work[i] == '/') {
			snprintf(path, sizeof(path), "%s%.*s", root, (int)i, work);
			mkdir(path, 0755);
		}
	snprintf(path, sizeof(path), "%s%s", root, work);
	SETUP(mkdir(path, 0755) == 0 && mount(work, path, NULL, MS_BIND, NULL) == 0);
}

static void in_chroot(void *arg)
{
	char text[16] = "";
	struct stat st;
	int fd;

	SETUP(chroot(arg) == 0 && chdir("/") == 0);
	fd = open("/one", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	SETUP(fd >= 0 && write(fd, "linked", 6) == 6 && link("/one", "/two") == 0 && unlink("/one") == 0);
	zt_checkpoint();
	CHECK(pread(fd, text, 15, 0) == 6 && !strcmp(text, "linked"), "the file holds \"%s\"", text);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 1, "the file has %d names", (int)st.st_nlink);
	CHECK(access("/one", F_OK) < 0 && access("/two", F_OK) == 0, "the names in the chroot");
}

static void run(const char *command)
{
	SETUP(system(command) == 0);
}

static void check_all(int sem)
{
	char name[64] = "";

	CHECK(gethostname(name, sizeof(name)) == 0 && !strcmp(name, "whole"), "the host is called \"%s\"", name);
	CHECK(semctl(sem, 0, GETVAL) == 7, "the semaphore is %d", semctl(sem, 0, GETVAL));
	CHECK(access(zt_path("t/sys/class/net/left"), F_OK) == 0, "sysfs does not show the device");
	CHECK(system("ip -o link show right | grep -q UP && nft list table inet mine | grep -q 99") == 0, "the network");
	CHECK(zt_proc_value("/proc/self/status", "Pid", 10) == 1, "/proc shows others");
}

static void whole(void *arg)
{
	int sem;
	pid_t pid;

	(void)arg;
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("proc", "/proc", "proc", 0, NULL) == 0);
	SETUP(mkdir(zt_path("t"), 0700) == 0 && mount("t", zt_path("t"), "tmpfs", 0, NULL) == 0);
	SETUP(mkdir(zt_path("t/sys"), 0700) == 0 && mount("sysfs", zt_path("t/sys"), "sysfs", 0, NULL) == 0);
	SETUP(mkdir(zt_path("t/jail"), 0700) == 0);
	bind_work(zt_path("t/jail"));
	SETUP(sethostname("whole", 5) == 0);
	SETUP((sem = semget(IPC_PRIVATE, 1, 0600)) >= 0 && semctl(sem, 0, SETVAL, 7) == 0);
	run("ip link add left type veth peer name right && ip link set left up && ip link set right up");
	run("nft 'add table inet mine; add chain inet mine in { type filter hook input priority 0; }; add rule inet mine in "
	    "tcp dport 99 drop'");
	pid = zt_child(in_chroot, (void *)zt_path("t/jail"));
	zt_checkpoint();
	check_all(sem);
	zt_end_child(pid);
}

/* In a user namespace, cgroups belong to others. */
static bool owns_cgroups(void)
{
	char map[100] = "";

	return zt_read_file("/proc/self/uid_map", map, sizeof(map)) > 0 && strstr(map, "4294967295");
}

static void join_cgroups(void)
{
	zt_cgroup_write(zt_cgroup_make("pids", ""), "pids.max", "1000");
	zt_cgroup_write(zt_cgroup_make("pids", "sub"), "cgroup.procs", "0");
	zt_cgroup_make("", "");
	zt_cgroup_write(zt_cgroup_make("", "sub"), "cgroup.procs", "0");
}

int main(void)
{
	bool has_cgroups = owns_cgroups();
	pid_t pid;

	zt_init();
	SETUP(getcwd(work, sizeof(work)));
	if (has_cgroups)
		join_cgroups();
	pid = zt_clone_child(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, whole,
			     NULL);
	zt_checkpoint();
	if (has_cgroups)
		CHECK(zt_cgroup_is_in("pids", "sub") && zt_cgroup_is_in("", "sub"), "the cgroups are others");
	zt_end_child(pid);
	return zt_result();
}
