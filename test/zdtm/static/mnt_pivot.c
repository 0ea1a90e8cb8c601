// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The root of a mount namespace is a tmpfs that pivot_root(2) has put there, with the machine's root bound into it; one
 * child lives in a chroot below.
 * zdtm-ignore: (cwd|root)
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-peer: needs --root and a list of what comes from outside
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	SETUP(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

/* The library finds the directory of the test by its path: it must be where it was. */
static void bind_work(const char *root, const char *work)
{
	char path[2000];

	for (size_t i = 1; work[i]; i++)
		if (work[i] == '/') {
			snprintf(path, sizeof(path), "%s%.*s", root, (int)i, work);
			mkdir(path, 0755);
		}
	snprintf(path, sizeof(path), "%s%s", root, work);
	SETUP(mkdir(path, 0755) == 0);
	SETUP(mount(work, path, NULL, MS_BIND, NULL) == 0);
}

static void set_up(void)
{
	static const char *const dirs[] = { "usr", "bin", "lib", "lib64", "proc", "dev", "box" };
	char work[400], root[500], path[1000], from[32];

	SETUP(getcwd(work, sizeof(work)));
	SETUP(unshare(CLONE_NEWNS) == 0);
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	snprintf(root, sizeof(root), "%s/root", work);
	SETUP(mkdir(root, 0755) == 0);
	SETUP(mount("root", root, "tmpfs", 0, NULL) == 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		snprintf(from, sizeof(from), "/%s", dirs[i]);
		SETUP(mkdir(path, 0755) == 0);
		if (strcmp(dirs[i], "box"))
			SETUP(mount(from, path, NULL, MS_BIND | MS_REC, NULL) == 0 || access(from, F_OK) < 0);
	}
	bind_work(root, work);
	snprintf(path, sizeof(path), "%s/box", root);
	bind_work(path, work);
	SETUP(chdir(root) == 0 && mkdir("old", 0700) == 0);
	SETUP(syscall(SYS_pivot_root, ".", "old") == 0 && chdir("/") == 0);
	SETUP(umount2("/old", MNT_DETACH) == 0);
	put("/marker", "in the root");
	put("/box/inner", "in the box");
	SETUP(chdir(work) == 0);
}

static void in_box(void *arg)
{
	char text[32] = "";
	int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)arg;
	/* the directory of the test stays reachable for the library */
	SETUP(dir >= 0);
	SETUP(unshare(CLONE_FS) == 0 && chroot("/box") == 0 && fchdir(dir) == 0);
	zt_checkpoint();

	CHECK(zt_read_file("/inner", text, sizeof(text)) > 0 && !strcmp(text, "in the box"), "/inner holds \"%s\"", text);
	CHECK(access("/marker", F_OK) < 0, "the chroot does not hold");
}

static void child(void *arg)
{
	char text[32] = "";
	pid_t pid;

	(void)arg;
	set_up();
	pid = zt_child(in_box, NULL);
	zt_checkpoint();

	CHECK(zt_read_file("/marker", text, sizeof(text)) > 0 && !strcmp(text, "in the root"), "/marker holds \"%s\"", text);
	CHECK(access("/old", F_OK) == 0 && access("/old/proc", F_OK) < 0, "the old root is there");
	CHECK(access("/usr/bin", F_OK) == 0, "the machine's /usr is not there");
	zt_end_child(pid);
}

int main(void)
{
	return zt_in_child(child);
}
