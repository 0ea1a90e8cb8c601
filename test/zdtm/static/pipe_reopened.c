// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pipe ends opened again through /proc/self/fd: other modes and flags on the same pipe, one end for both ways.
 * O_LARGEFILE, which open() adds and pipe() does not, means nothing there.
 * zdtm-ignore: fd 6: flags
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

int main(void)
{
	char got[16] = "";
	int ends[2], both, rd;

	zt_init();
	SETUP(pipe(ends) == 0);
	both = reopen(ends[0], O_RDWR);
	rd = reopen(ends[1], O_RDONLY | O_NONBLOCK);
	SETUP(both >= 0 && rd >= 0 && write(both, "abcdef", 6) == 6 && close(ends[0]) == 0);
	zt_checkpoint();

	CHECK(read(rd, got, 3) == 3 && !memcmp(got, "abc", 3), "the reader opened again");
	CHECK(read(both, got, 3) == 3 && !memcmp(got, "def", 3), "the end for both ways");
	CHECK(write(both, "x", 1) == 1 && read(rd, got, 1) == 1 && write(ends[1], "y", 1) == 1, "writing");
	CHECK(read(both, got, 1) == 1 && got[0] == 'y', "one pipe has become two");
	CHECK(read(rd, got, 1) < 0 && errno == EAGAIN, "O_NONBLOCK is lost");
	CHECK((fcntl(both, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDWR, "flags %#o", fcntl(both, F_GETFL));
	return zt_result();
}
