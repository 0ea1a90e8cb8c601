// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A memfd descriptor, also mapped: refused for now.
 * zdtm-refuse: memfd
 * zdtm-peer: saves it
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char *mem;
	int fd;

	zt_init();
	fd = memfd_create("zdtm", MFD_CLOEXEC);
	SETUP(fd >= 0 && ftruncate(fd, 8192) == 0);
	mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	SETUP(mem != MAP_FAILED);
	zt_fill(mem, 8192, 1);
	zt_checkpoint();

	CHECK(zt_is_filled(mem, 8192, 1), "content");
	CHECK(pwrite(fd, "x", 1, 0) == 1 && mem[0] == 'x', "the descriptor");
	return zt_result();
}
