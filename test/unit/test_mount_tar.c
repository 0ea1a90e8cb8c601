/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contents of a tmpfs, into an archive and back. Needs root, for owners and devices. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/log.h"
#undef fail				/* cmocka has one of its own */
#include <cmocka.h>
#include "mount/tar.h"

enum { SPARSE = 64 << 20, AT = 40 << 20 };

/* A tmpfs that nobody else sees. */
static int tmpfs(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), fd, dir;

	assert_true(fs >= 0);
	assert_int_equal(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	assert_true(fd >= 0);
	dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	close(fs);
	/* fd stays open: the mount lives as long as it. */
	return dir;
}

static void populate(int dir)
{
	struct timespec times[2] = { { 1000000001, 5 }, { 1234567890, 123456789 } };
	int fd;

	assert_int_equal(mkdirat(dir, "sub", 0), 0);
	assert_int_equal(fchmodat(dir, "sub", 01777, 0), 0);
	fd = openat(dir, "sub/file", O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(fchown(fd, 1000, 1001), 0);
	assert_int_equal(fchmod(fd, 04751), 0);
	assert_int_equal(fsetxattr(fd, "trusted.t", "a\0b", 3, 0), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	assert_int_equal(linkat(dir, "sub/file", dir, "other name", 0), 0);
	fd = openat(dir, "sparse", O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, SPARSE), 0);
	assert_int_equal(pwrite(fd, "x", 1, AT), 1);
	close(fd);
	assert_int_equal(symlinkat("../nowhere", dir, "link"), 0);
	assert_int_equal(mknodat(dir, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(mknodat(dir, "whiteout", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0640), 0);
	assert_int_equal(mknodat(dir, "socket", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(fchmod(dir, 0711), 0);
	assert_int_equal(utimensat(dir, "sub", times, 0), 0);
}

static struct stat at(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static void compare_one(int a, int b, const char *name)
{
	struct stat x = at(a, name), y = at(b, name);

	assert_int_equal(x.st_mode, y.st_mode);
	assert_int_equal(x.st_uid, y.st_uid);
	assert_int_equal(x.st_gid, y.st_gid);
	assert_int_equal(x.st_rdev, y.st_rdev);
	if (!S_ISDIR(x.st_mode))	/* of a directory it is the number of names, and the socket is gone */
		assert_int_equal(x.st_size, y.st_size);
	assert_int_equal(x.st_nlink, y.st_nlink);
	if (x.st_mtim.tv_nsec != y.st_mtim.tv_nsec || x.st_mtim.tv_sec != y.st_mtim.tv_sec)
		fail_msg("the time of %s is lost", name);
}

static void compare(int a, int b)
{
	static const char *const names[] = { ".", "sub", "sub/file", "other name", "sparse", "link", "null", "whiteout", "fifo" };
	char text[16] = "";
	int fd;

	for (size_t i = 0; i < array_size(names); i++)
		compare_one(a, b, names[i]);
	assert_int_equal(at(b, "sub/file").st_ino, at(b, "other name").st_ino);
	fd = openat(b, "sub/file", O_RDONLY);
	assert_int_equal(fgetxattr(fd, "trusted.t", text, sizeof(text)), 3);
	assert_memory_equal(text, "a\0b", 3);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_memory_equal(text, "text", 4);
	close(fd);
	assert_true(at(b, "sparse").st_blocks <= at(a, "sparse").st_blocks);
	fd = openat(b, "sparse", O_RDONLY);
	assert_int_equal(pread(fd, text, 2, AT), 2);
	assert_memory_equal(text, "x\0", 2);
	close(fd);
	assert_int_equal(readlinkat(b, "link", text, sizeof(text)), 10);
	assert_memory_equal(text, "../nowhere", 10);
	assert_int_equal(faccessat(b, "socket", F_OK, 0), -1);
}

static void every_sort_of_file_comes_back(void **state)
{
	int a, b, archive = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct stat before, after;

	(void)state;
	if (geteuid() || unshare(CLONE_NEWNS) < 0)
		skip();
	assert_true(archive >= 0);
	assert_int_equal(stat(".", &before), 0);
	a = tmpfs();
	b = tmpfs();
	populate(a);
	assert_int_equal(tar_save(a, archive, NULL), 0);
	/* Holes are not packed. */
	assert_int_equal(fstat(archive, &after), 0);
	assert_true(after.st_size < 8192);
	assert_int_equal(lseek(archive, 0, SEEK_SET), 0);
	assert_int_equal(tar_load(archive, b, "archive"), 0);
	compare(a, b);
	assert_int_equal(stat(".", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	close(archive);
}

static void a_damaged_archive_is_an_error(void **state)
{
	int b, archive = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	(void)state;
	if (geteuid() || unshare(CLONE_NEWNS) < 0)
		skip();
	b = tmpfs();
	log_verbosity = -1;
	assert_int_equal(write(archive, "this is no archive", 18), 18);
	assert_int_equal(lseek(archive, 0, SEEK_SET), 0);
	assert_int_equal(tar_load(archive, b, "archive"), -EIO);
	log_verbosity = LOG_WARN;
	close(archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sort_of_file_comes_back),
		cmocka_unit_test(a_damaged_archive_is_an_error),
	};

	return cmocka_run_group_tests_name("mount tar", tests, NULL, NULL);
}
