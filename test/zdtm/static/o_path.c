// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * O_PATH descriptors: of a file that may not be read, of a symlink itself, of a FIFO and of a
 * device node.
 * zdtm-peer: refuses O_PATH descriptors of FIFOs
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	static const char *const names[] = { "file", "link", "fifo", "/dev/null" };
	struct stat before[4], now;
	char target[32] = "", c;
	int fds[4];

	zt_init();
	zt_write_file(zt_path("file"), "x", 1);
	SETUP(chmod(zt_path("file"), 0) == 0 && symlink("file", zt_path("link")) == 0 &&
	      mkfifo(zt_path("fifo"), 0600) == 0);
	for (int i = 0; i < 4; i++) {
		fds[i] = open(names[i][0] == '/' ? names[i] : zt_path(names[i]),
			      O_PATH | O_NOFOLLOW | O_CLOEXEC);
		SETUP(fds[i] >= 0 && fstat(fds[i], &before[i]) == 0);
	}
	zt_checkpoint();

	for (int i = 0; i < 4; i++) {
		CHECK(fstat(fds[i], &now) == 0 && now.st_ino == before[i].st_ino &&
			      now.st_mode == before[i].st_mode,
		      "%s is another", names[i]);
		CHECK(fcntl(fds[i], F_GETFL) & O_PATH, "%s: O_PATH is lost", names[i]);
		CHECK(read(fds[i], &c, 1) < 0 && errno == EBADF, "%s can be read", names[i]);
	}
	CHECK(readlinkat(fds[1], "", target, sizeof(target) - 1) == 4 && !strcmp(target, "file"),
	      "the link leads to %s", target);
	return zt_result();
}
