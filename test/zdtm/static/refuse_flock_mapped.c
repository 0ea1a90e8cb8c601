// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flock by a file that is mapped and has no descriptor any more: no fdinfo tells of it.
 * zdtm-dump: --file-locks
 * zdtm-refuse: has a flock on inode \S+ by a file that no descriptor leads to
 * zdtm-code: file.lease
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char *mem;
	int fd;

	zt_init();
	fd = open(zt_path("file"), O_RDWR | O_CREAT, 0600);
	SETUP(fd >= 0 && ftruncate(fd, 4096) == 0 && flock(fd, LOCK_EX) == 0);
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	SETUP(mem != MAP_FAILED && close(fd) == 0);
	zt_checkpoint();

	fd = open(zt_path("file"), O_RDWR);
	CHECK(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0, "the lock is lost");
	return zt_result();
}
