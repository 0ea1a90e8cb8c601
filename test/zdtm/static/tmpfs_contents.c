// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in a tmpfs that only the tree has: every sort of file, with owners, modes, times, links, holes and extended
 * attributes; files in it that are open, mapped, deleted, or somebody's directory.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-ignore: cwd
 * zdtm-ignore: map
 * zdtm-peer: needs --root and a list of what comes from outside
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "zdtm.h"

enum { LARGE = 3 << 20, HOLE_AT = 1 << 20 };

static const char *at(const char *name)
{
	return zt_path(name);
}

static void put(const char *name, const char *text)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	SETUP(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void make_large(void)
{
	int fd = open(at("t/large"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	static char block[4096];

	SETUP(fd >= 0 && ftruncate(fd, LARGE) == 0);
	memset(block, 'x', sizeof(block));
	SETUP(pwrite(fd, block, sizeof(block), 0) == sizeof(block));
	SETUP(pwrite(fd, block, sizeof(block), LARGE - (off_t)sizeof(block)) == sizeof(block));
	close(fd);
}

static void set_up(void)
{
	struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };

	SETUP(unshare(CLONE_NEWNS) == 0);
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(at("t"), 0755) == 0);
	SETUP(mount("t", at("t"), "tmpfs", 0, "size=16m,mode=755") == 0);
	put("t/file", "0123456789");
	SETUP(link(at("t/file"), at("t/link")) == 0);
	SETUP(symlink("../nowhere", at("t/symlink")) == 0);
	SETUP(mkfifo(at("t/fifo"), 0604) == 0);
	SETUP(mkdir(at("t/dir"), 01777) == 0 && chmod(at("t/dir"), 01777) == 0);
	put("t/dir/a name with\nodd \\ things", "odd");
	put("t/mapped", "mapped");
	put("t/private", "private");
	put("t/dead", "dead");
	SETUP(setxattr(at("t/file"), "trusted.zdtm", "value", 5, 0) == 0 || errno == EPERM || errno == EOPNOTSUPP);
	SETUP(chmod(at("t/file"), 04711) == 0);
	make_large();
	SETUP(utimensat(AT_FDCWD, at("t/file"), times, 0) == 0);
}

static void check_stat(const char *name, const struct stat *was)
{
	struct stat is;

	CHECK(lstat(at(name), &is) == 0, "%s is not there", name);
	CHECK(is.st_mode == was->st_mode && is.st_size == was->st_size && is.st_nlink == was->st_nlink &&
	      is.st_uid == was->st_uid && is.st_gid == was->st_gid, "%s: mode %o, size %ld, links %ld", name, is.st_mode,
	      (long)is.st_size, (long)is.st_nlink);
	CHECK(is.st_mtim.tv_sec == was->st_mtim.tv_sec && is.st_mtim.tv_nsec == was->st_mtim.tv_nsec, "%s: time %ld.%09ld",
	      name, (long)is.st_mtim.tv_sec, is.st_mtim.tv_nsec);
}

static const char *const names[] = { "t", "t/file", "t/link", "t/symlink", "t/fifo", "t/dir",
				     "t/dir/a name with\nodd \\ things", "t/large" };
enum { N_NAMES = sizeof(names) / sizeof(*names) };

static void child(void *arg)
{
	struct stat was[N_NAMES], large, dead;
	char *map, *private, text[16] = "", value[8] = "";
	int fd, gone;
	ssize_t has_xattr;

	(void)arg;
	set_up();
	SETUP((fd = open(at("t/file"), O_RDONLY | O_CLOEXEC)) >= 0 && lseek(fd, 4, SEEK_SET) == 4);
	SETUP((gone = open(at("t/dead"), O_RDWR | O_CLOEXEC)) >= 0 && unlink(at("t/dead")) == 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open(at("t/mapped"), O_RDWR | O_CLOEXEC), 0);
	private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, open(at("t/private"), O_RDONLY | O_CLOEXEC), 0);
	SETUP(map != MAP_FAILED && private != MAP_FAILED);
	private[0] = 'P';
	has_xattr = getxattr(at("t/file"), "trusted.zdtm", value, sizeof(value));
	for (int i = 0; i < N_NAMES; i++)
		SETUP(lstat(at(names[i]), &was[i]) == 0);
	SETUP(chdir(at("t/dir")) == 0);
	zt_checkpoint();

	for (int i = 0; i < N_NAMES; i++)
		check_stat(names[i], &was[i]);
	CHECK(read(fd, text, 6) == 6 && !strcmp(text, "456789"), "the open file goes on with \"%s\"", text);
	CHECK(fstat(gone, &dead) == 0 && !dead.st_nlink && pread(gone, text, 4, 0) == 4 && !memcmp(text, "dead", 4),
	      "the deleted file");
	map[0] = 'M';
	CHECK(zt_read_file(at("t/mapped"), text, sizeof(text)) == 6 && !memcmp(text, "Mapped", 6), "a shared mapping: %.6s",
	      text);
	CHECK(!memcmp(private, "Private", 7), "a private mapping: %.7s", private);
	CHECK(getxattr(at("t/file"), "trusted.zdtm", value, sizeof(value)) == has_xattr, "the extended attribute");
	CHECK(stat(at("t/large"), &large) == 0 && large.st_blocks * 512 < HOLE_AT, "the hole takes %ld blocks",
	      (long)large.st_blocks);
	CHECK(access("a name with\nodd \\ things", R_OK) == 0, "the working directory is another");
}

int main(void)
{
	return zt_in_child(child);
}
