// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In a container of an ordinary user /proc/PID/map_files is closed: a deleted file that is mapped, and open nowhere, cannot be
 * read by anybody.
 * zdtm-flavor: own
 * zdtm-refuse: the file is neither at that
 * zdtm-code: mem.unreachable
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

enum { LEN = 8 * 4096 };

int main(void)
{
	static char content[LEN];
	char *mem;
	int fd;

	zt_init();
	zt_fill(content, LEN, 1);
	zt_write_file(zt_path("file"), content, LEN);
	fd = open(zt_path("file"), O_RDWR);
	SETUP(fd >= 0);
	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	SETUP(mem != MAP_FAILED && close(fd) == 0 && unlink(zt_path("file")) == 0);
	zt_checkpoint();

	CHECK(zt_is_filled(mem, LEN, 1), "content");
	return zt_result();
}
