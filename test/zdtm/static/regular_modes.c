// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regular files in every open mode, with position and flags, read and written on after the restore.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static const struct mode {
	const char *name;
	int flags;
	off_t pos;
} modes[] = {
	{ "rd", O_RDONLY, 3 },
	{ "wr", O_WRONLY, 5 },
	{ "rw", O_RDWR, 0 },
	{ "append", O_WRONLY | O_APPEND, 10 },
	{ "nonblock", O_RDONLY | O_NONBLOCK, 1 },
	{ "sync", O_RDWR | O_SYNC, 2 },
	{ "dsync", O_RDWR | O_DSYNC, 2 },
	{ "noatime", O_RDONLY | O_NOATIME, 4 },
	{ "beyond", O_RDWR, 1 << 20 },
	{ "cloexec", O_RDONLY | O_CLOEXEC, 9 },
	{ "direct", O_RDWR | O_DIRECT, 0 },
	{ "created", O_RDWR | O_CREAT | O_TRUNC, 7 },
};

enum { N = sizeof(modes) / sizeof(modes[0]) };

static void check_one(const struct mode *m, int fd, int flags)
{
	char c = 0;
	struct stat st;

	CHECK(fcntl(fd, F_GETFL) == flags, "%s: flags %#o, should be %#o", m->name,
	      fcntl(fd, F_GETFL), flags);
	CHECK(fcntl(fd, F_GETFD) == (m->flags & O_CLOEXEC ? FD_CLOEXEC : 0), "%s: close-on-exec",
	      m->name);
	CHECK(lseek(fd, 0, SEEK_CUR) == m->pos, "%s: position", m->name);
	if (m->flags & O_DIRECT)
		return;
	if ((m->flags & O_ACCMODE) == O_RDONLY) {
		CHECK(read(fd, &c, 1) == 1 && c == (char)('a' + m->pos), "%s: reads %c", m->name,
		      c);
		CHECK(write(fd, "x", 1) < 0 && errno == EBADF, "%s: can be written", m->name);
		return;
	}
	CHECK(write(fd, "X", 1) == 1, "%s: cannot be written", m->name);
	CHECK(fstat(fd, &st) == 0, "%s: fstat", m->name);
	if (m->flags & O_APPEND)
		CHECK(st.st_size == 27, "%s: size %lld", m->name, (long long)st.st_size);
	if ((m->flags & O_ACCMODE) == O_WRONLY)
		CHECK(read(fd, &c, 1) < 0 && errno == EBADF, "%s: can be read", m->name);
}

int main(void)
{
	int fds[N], flags[N];

	zt_init();
	for (int i = 0; i < N; i++) {
		zt_write_file(zt_path(modes[i].name), "abcdefghijklmnopqrstuvwxyz", 26);
		fds[i] = open(zt_path(modes[i].name), modes[i].flags, 0600);
		SETUP(fds[i] >= 0);
		SETUP(lseek(fds[i], modes[i].pos, SEEK_SET) == modes[i].pos);
		flags[i] = fcntl(fds[i], F_GETFL);
	}
	zt_checkpoint();

	for (int i = 0; i < N; i++)
		check_one(&modes[i], fds[i], flags[i]);
	return zt_result();
}
