// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two mounts that show files with other owners than they have: each of them is named, not the first alone.
 * zdtm-refuse: /two shows files with other owners than they have.*\[mount.idmapped\]
 * zdtm-refuse: /one shows files with other owners than they have.*\[mount.idmapped\]
 * zdtm-flavor: h
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
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
enum { PRIVATE = 1 << 18, RECURSIVE = 1 << 14 };

/* A user namespace with a map; the process that made it is gone. */
static int user_namespace(void)
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
	zt_write_file(path, "0 10000 1000", 12);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	zt_write_file(path, "0 10000 1000", 12);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	SETUP(fd >= 0);
	kill(pid, SIGKILL);
	SETUP(waitpid(pid, NULL, 0) == pid);
	return fd;
}

static void add(int user, const char *name)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = user };
	int tree;

	SETUP(mkdir(zt_path(name), 0755) == 0 && mount("t", zt_path(name), "tmpfs", 0, NULL) == 0);
	tree = syscall(SYS_open_tree, AT_FDCWD, zt_path(name), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	SETUP(tree >= 0);
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		zt_skip("no idmapped tmpfs here: %s", strerror(errno));
	SETUP(syscall(SYS_move_mount, tree, "", AT_FDCWD, zt_path(name), MOVE_MOUNT_F_EMPTY_PATH) == 0);
	close(tree);
}

static void child(void *arg)
{
	int user;

	(void)arg;
	SETUP(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, RECURSIVE | PRIVATE, NULL) == 0);
	user = user_namespace();
	add(user, "one");
	add(user, "two");
	close(user);
	zt_checkpoint();
}

int main(void)
{
	return zt_in_child(child);
}
