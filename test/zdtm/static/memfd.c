// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of memfd_create(2): names, sizes, modes, seals, several descriptions with positions and flags of their own,
 * mapped shared in two processes and privately, and mapped only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

enum { PAGE = 4096, LEN = 20 * PAGE };

static int file, again, sealed, future, plain, empty;
static char *map, *own, *only, *later;

static int made(const char *name, unsigned int flags, off_t size)
{
	int fd = memfd_create(name, flags | MFD_CLOEXEC);

	SETUP(fd >= 0 && ftruncate(fd, size) == 0);
	return fd;
}

static char *mapped(int fd, int flags)
{
	char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, flags, fd, 0);

	SETUP(p != MAP_FAILED);
	return p;
}

static int reopened(int fd, int flags)
{
	char path[32];
	int got;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	got = open(path, flags);
	SETUP(got >= 0);
	return got;
}

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	CHECK(zt_is_filled_part(map, PAGE, LEN, 7), "the child sees something else");
	map[0] = 'c';
}

static void set_up(void)
{
	int fd;

	file = made("one", MFD_ALLOW_SEALING, LEN);
	map = mapped(file, MAP_SHARED);
	zt_fill(map, LEN, 7);
	own = mapped(file, MAP_PRIVATE);
	memset(own + PAGE, 'p', PAGE);
	again = reopened(file, O_RDONLY | O_APPEND);
	SETUP(lseek(file, 1000, SEEK_SET) == 1000 && lseek(again, 5, SEEK_SET) == 5);
	SETUP(fchmod(file, 0640) == 0);

	sealed = made("sealed", MFD_ALLOW_SEALING, 5000);
	SETUP(pwrite(sealed, "text", 4, 4990) == 4);
	SETUP(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0);

	future = made("later", MFD_ALLOW_SEALING, LEN);
	later = mapped(future, MAP_SHARED);
	strcpy(later, "writable");
	if (fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0)
		SETUP(errno == EINVAL);

	plain = made("", 0, 0);
	empty = made("a/b c (deleted)", 0, 100);
	fd = made("mapped only", 0, LEN);
	only = mapped(fd, MAP_SHARED);
	strcpy(only, "only");
	SETUP(close(fd) == 0);
}

static void check_seals(void)
{
	char buf[8] = "";

	CHECK_EQ(fcntl(sealed, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	CHECK(pwrite(sealed, "x", 1, 0) < 0 && errno == EPERM, "a sealed file can be written");
	CHECK(pread(sealed, buf, 4, 4990) == 4 && !strcmp(buf, "text"), "the sealed file holds %.4s", buf);
	CHECK_EQ(fcntl(file, F_GET_SEALS), 0);
	CHECK_EQ(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
	if (fcntl(future, F_GET_SEALS)) {
		CHECK_EQ(fcntl(future, F_GET_SEALS), F_SEAL_FUTURE_WRITE);
		CHECK(mmap(NULL, LEN, PROT_WRITE, MAP_SHARED, future, 0) == MAP_FAILED, "it can be mapped for writing again");
	}
	CHECK(!strcmp(later, "writable"), "what was mapped before holds %.8s", later);
	later[0] = 'W';
}

static void check_file(int fd, off_t size, mode_t mode, const char *link)
{
	char path[32], got[64];
	struct stat st;
	ssize_t n;

	CHECK(fstat(fd, &st) == 0 && st.st_size == size && (st.st_mode & 07777) == mode, "%s: %ld bytes, mode %o", link,
	      (long)st.st_size, st.st_mode);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = 0;
	CHECK(!strcmp(got, link), "it is called %s, was %s", got, link);
}

int main(void)
{
	char c = 0;
	pid_t kid;

	zt_init();
	set_up();
	kid = zt_child(child, NULL);
	zt_checkpoint();

	check_file(file, LEN, 0640, "/memfd:one (deleted)");
	check_file(sealed, 5000, 0777, "/memfd:sealed (deleted)");
	check_file(plain, 0, 0777, "/memfd: (deleted)");
	check_file(empty, 100, 0777, "/memfd:a/b c (deleted) (deleted)");
	CHECK_EQ(lseek(file, 0, SEEK_CUR), 1000);
	CHECK_EQ(lseek(again, 0, SEEK_CUR), 5);
	CHECK_EQ(fcntl(again, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDONLY | O_APPEND);
	check_seals();

	CHECK(zt_is_filled(map, LEN, 7), "the content differs");
	CHECK(zt_is_filled_part(own, 2 * PAGE, LEN, 7) && own[PAGE] == 'p' && own[2 * PAGE - 1] == 'p', "the private map differs");
	CHECK(!strcmp(only, "only"), "what only a mapping has holds %.4s", only);
	zt_end_child(kid);
	CHECK(map[0] == 'c' && pread(again, &c, 1, 0) == 1 && c == 'c', "what the child writes is not seen");
	CHECK(own[0] == 'c', "an unchanged page of a private map does not follow the file");
	own[0] = 'o';
	CHECK(map[0] == 'c', "a private map changes the file");
	return zt_result();
}
