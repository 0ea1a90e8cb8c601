// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shared anonymous memory: refused for now.
 * zdtm-refuse: shared anon|shmem|/dev/zero
 * zdtm-peer: saves it
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char *mem;

	zt_init();
	mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	SETUP(mem != MAP_FAILED);
	zt_fill(mem, 8192, 3);
	zt_checkpoint();

	CHECK(zt_is_filled(mem, 8192, 3), "content");
	if (fork() == 0) {
		mem[0] = 'c';
		_exit(0);
	}
	CHECK(wait(NULL) > 0 && mem[0] == 'c', "not shared any more");
	return zt_result();
}
