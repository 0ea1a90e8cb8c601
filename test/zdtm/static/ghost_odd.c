// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleted files that are no plain ones: a FIFO with content, a symbolic link, a device, files with two names, two files
 * of one name, a file in a deleted directory, and one of O_TMPFILE that can still be given a name.
 *
 * zdtm-peer: loses O_DIRECTORY of deleted directories and the flags of O_TMPFILE
 * zdtm-flavor: h,ns
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "zdtm.h"

static int create(const char *name, const char *content)
{
	int fd = open(zt_path(name), O_RDWR | O_CREAT | O_EXCL, 0600);
	ssize_t len = strlen(content);

	SETUP(fd >= 0 && write(fd, content, len) == len);
	return fd;
}

static void check_content(int fd, const char *content)
{
	char got[32] = "";

	CHECK(pread(fd, got, sizeof(got), 0) == (ssize_t)strlen(content) && !strcmp(got, content),
	      "\"%s\" instead of \"%s\"", got, content);
}

int main(void)
{
	int reader, writer, sl, null, one, two, first, second, deep, dir, nameless;
	char got[32] = "", name[64];
	struct stat a, b;

	zt_init();
	SETUP(mkfifo(zt_path("fifo"), 0600) == 0);
	reader = open(zt_path("fifo"), O_RDONLY | O_NONBLOCK);
	writer = open(zt_path("fifo"), O_WRONLY);
	SETUP(write(writer, "in the fifo", 11) == 11 && unlink(zt_path("fifo")) == 0);

	SETUP(symlink("/a/target", zt_path("link")) == 0);
	sl = open(zt_path("link"), O_PATH | O_NOFOLLOW);
	SETUP(sl >= 0 && unlink(zt_path("link")) == 0);

	SETUP(mknod(zt_path("null"), S_IFCHR | 0600, makedev(1, 3)) == 0);
	null = open(zt_path("null"), O_RDWR);
	SETUP(null >= 0 && unlink(zt_path("null")) == 0);

	one = create("one", "two names");
	SETUP(link(zt_path("one"), zt_path("two")) == 0);
	two = open(zt_path("two"), O_RDONLY);
	SETUP(two >= 0 && unlink(zt_path("one")) == 0 && unlink(zt_path("two")) == 0);

	first = create("same", "first");
	SETUP(unlink(zt_path("same")) == 0);
	second = create("same", "second");
	SETUP(unlink(zt_path("same")) == 0);

	SETUP(mkdir(zt_path("dir"), 0700) == 0);
	deep = create("dir/deep", "deep");
	dir = open(zt_path("dir"), O_RDONLY | O_DIRECTORY);
	SETUP(dir >= 0 && unlink(zt_path("dir/deep")) == 0 && rmdir(zt_path("dir")) == 0);

	nameless = open(zt_path("."), O_TMPFILE | O_RDWR, 0600);
	SETUP(nameless >= 0 && write(nameless, "nameless", 8) == 8);
	zt_checkpoint();

	CHECK(read(reader, got, sizeof(got)) == 11 && !memcmp(got, "in the fifo", 11), "FIFO: \"%s\"", got);
	CHECK(write(writer, "again", 5) == 5 && read(reader, got, 5) == 5, "the FIFO is two");
	memset(got, 0, sizeof(got));
	CHECK(readlinkat(sl, "", got, sizeof(got)) == 9 && !strcmp(got, "/a/target"), "link to \"%s\"", got);
	CHECK(write(null, "x", 1) == 1 && read(null, got, 1) == 0, "the device");
	check_content(one, "two names");
	CHECK(fstat(one, &a) == 0 && fstat(two, &b) == 0 && a.st_ino == b.st_ino, "two names became two files");
	check_content(first, "first");
	check_content(second, "second");
	check_content(deep, "deep");
	CHECK(fstat(dir, &a) == 0 && S_ISDIR(a.st_mode) && access(zt_path("dir"), F_OK) < 0, "the directory");
	check_content(nameless, "nameless");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", nameless);
	CHECK(linkat(AT_FDCWD, name, AT_FDCWD, zt_path("named"), AT_SYMLINK_FOLLOW) == 0, "O_TMPFILE: no name");
	CHECK(access(zt_path("fifo"), F_OK) < 0 && access(zt_path("one"), F_OK) < 0 &&
		      access(zt_path("same"), F_OK) < 0,
	      "a name is back");
	return zt_result();
}
