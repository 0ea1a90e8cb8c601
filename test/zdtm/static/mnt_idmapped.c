// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts that show files with other owners than they have: one over the file system itself, one that is all there is of a
 * file system, and one of a directory of that. The files keep their true owners, too.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: loses the map in silence
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

/* <sys/mount.h> and <linux/mount.h> of Debian 12 exclude each other. */
int umount(const char *target);
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
enum { PRIVATE = 1 << 18, RECURSIVE = 1 << 14 };

/* A user namespace with a map; the process that made it is gone. */
static int user_namespace(const char *map)
{
	char path[64], ready;
	int p[2], fd;
	pid_t pid;

	SETUP(pipe2(p, O_CLOEXEC) == 0);
	pid = fork();
	SETUP(pid >= 0);
	if (!pid) {
		if (unshare(CLONE_NEWUSER) == 0 && write(p[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(p[1]);
	SETUP(read(p[0], &ready, 1) == 1);
	close(p[0]);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	zt_write_file(path, map, strlen(map));
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	zt_write_file(path, map, strlen(map));
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	SETUP(fd >= 0);
	kill(pid, SIGKILL);
	SETUP(waitpid(pid, NULL, 0) == pid);
	return fd;
}

/* A detached mount of what is at this path, with the map. */
static int mapped_tree(int user, const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = user };
	int tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	SETUP(tree >= 0);
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		zt_skip("no idmapped tmpfs here: %s", strerror(errno));
	return tree;
}

static void attach(int tree, const char *path)
{
	SETUP(syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == 0);
	close(tree);
}

static void make_fs(const char *name)
{
	char path[32];

	SETUP(mkdir(zt_path(name), 0755) == 0 && mount("t", zt_path(name), "tmpfs", 0, NULL) == 0);
	snprintf(path, sizeof(path), "%s/dir", name);
	SETUP(mkdir(zt_path(path), 0755) == 0);
	snprintf(path, sizeof(path), "%s/dir/file", name);
	zt_write_file(zt_path(path), "owned", 5);
}

static unsigned int owner(const char *name)
{
	struct stat st;

	return stat(zt_path(name), &st) == 0 ? st.st_uid + st.st_gid * 1000 : 99;
}

static int count_idmapped(void)
{
	static char text[64 << 10];
	int n = 0;

	SETUP(zt_read_file("/proc/self/mountinfo", text, sizeof(text)) > 0);
	for (char *at = text; (at = strstr(at, ",idmapped")); at++)
		n++;
	return n;
}

/* Only root is mapped in the flavor uns; others see more ids. */
static const char *map_of_flavor(void)
{
	char map[100] = "";

	SETUP(zt_read_file("/proc/self/uid_map", map, sizeof(map)) > 0);
	return strstr(map, "4294967295") ? "0 7 1\n3 10 20" : "0 0 1";
}

static void child(void *arg)
{
	unsigned int was[3];
	int user, tree;

	(void)arg;
	SETUP(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, RECURSIVE | PRIVATE, NULL) == 0);
	user = user_namespace(map_of_flavor());
	make_fs("one");
	attach(mapped_tree(user, zt_path("one")), zt_path("one"));
	make_fs("two");
	tree = mapped_tree(user, zt_path("two"));
	SETUP(mkdir(zt_path("part"), 0755) == 0);
	attach(mapped_tree(user, zt_path("two/dir")), zt_path("part"));
	SETUP(umount(zt_path("two")) == 0);
	attach(tree, zt_path("two"));
	close(user);
	SETUP(count_idmapped() == 3);
	was[0] = owner("one/dir/file");
	was[1] = owner("two/dir/file");
	was[2] = owner("part/file");
	zt_checkpoint();

	CHECK_EQ(count_idmapped(), 3);
	CHECK_EQ(owner("one/dir/file"), was[0]);
	CHECK_EQ(owner("two/dir/file"), was[1]);
	CHECK_EQ(owner("part/file"), was[2]);
	CHECK(umount(zt_path("one")) == 0 && owner("one/dir/file") == 0, "the true owner is %u", owner("one/dir/file"));
}

int main(void)
{
	return zt_in_child(child);
}
