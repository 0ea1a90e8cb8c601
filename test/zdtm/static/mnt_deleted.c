// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts of what has lost its name: a file of a tmpfs that is bound in two places, a directory, and a file of the machine's
 * file system that was replaced, as an editor does it. They are what they were, and the file in two places is still one.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: mounts an empty file
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void bind_and_delete(const char *what, const char *where)
{
	SETUP(mount(zt_path(what), zt_path(where), NULL, MS_BIND, NULL) == 0);
}

static bool holds(const char *name, const char *text)
{
	char is[64] = "";

	return zt_read_file(zt_path(name), is, sizeof(is)) >= 0 && !strcmp(is, text);
}

static void put(const char *name, const char *text)
{
	zt_write_file(zt_path(name), text, strlen(text));
}

static int count_deleted(void)
{
	static char text[64 << 10];
	int n = 0;

	SETUP(zt_read_file("/proc/self/mountinfo", text, sizeof(text)) > 0);
	for (char *at = text; (at = strstr(at, "//deleted ")); at++)
		n++;
	return n;
}

static void set_up(void)
{
	SETUP(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(zt_path("t"), 0700) == 0 && mount("t", zt_path("t"), "tmpfs", 0, NULL) == 0);
	SETUP(mkdir(zt_path("t/gone"), 0751) == 0 && mkdir(zt_path("t/dir"), 0700) == 0);
	SETUP(mkdir(zt_path("t/sub"), 0700) == 0);
	put("t/sub/file", "of the tmpfs");
	put("t/a", "");
	put("t/b", "");
	put("config", "old");
	put("new", "new");
	put("t/config", "");
	bind_and_delete("t/sub/file", "t/a");
	bind_and_delete("t/sub/file", "t/b");
	bind_and_delete("t/gone", "t/dir");
	bind_and_delete("config", "t/config");
	SETUP(mount(NULL, zt_path("t/b"), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	SETUP(unlink(zt_path("t/sub/file")) == 0 && rmdir(zt_path("t/gone")) == 0);
	SETUP(rename(zt_path("new"), zt_path("config")) == 0);
	SETUP(chmod(zt_path("t/a"), 0640) == 0);
}

static void child(void *arg)
{
	struct stat a, b, dir;
	char byte = 0;
	int fd;

	(void)arg;
	set_up();
	SETUP(count_deleted() == 4 && (fd = open(zt_path("t/a"), O_RDWR | O_CLOEXEC)) >= 0 && lseek(fd, 3, SEEK_SET) == 3);
	zt_checkpoint();

	CHECK_EQ(count_deleted(), 4);
	CHECK(read(fd, &byte, 1) == 1 && byte == 't', "the open file goes on with '%c'", byte);
	CHECK(holds("t/a", "of the tmpfs") && holds("t/b", "of the tmpfs"), "the file that is in two places");
	CHECK(stat(zt_path("t/a"), &a) == 0 && stat(zt_path("t/b"), &b) == 0 && a.st_ino == b.st_ino, "it is two files now");
	CHECK((a.st_mode & 07777) == 0640 && a.st_nlink == 0, "mode %o, %d names", a.st_mode, (int)a.st_nlink);
	CHECK(stat(zt_path("t/dir"), &dir) == 0 && (dir.st_mode & 07777) == 0751, "mode of the directory %o", dir.st_mode);
	CHECK(access(zt_path("t/sub/file"), F_OK) < 0 && access(zt_path("t/gone"), F_OK) < 0, "the names are back");
	CHECK(holds("t/config", "old") && holds("config", "new"), "the file that was replaced");
	put("t/a", "of a");
	CHECK(holds("t/b", "of a"), "what is written in one place");
}

int main(void)
{
	return zt_in_child(child);
}
