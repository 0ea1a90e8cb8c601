// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of anonymous mappings (PR_SET_VMA_ANON_NAME), as /proc shows them.
 * zdtm-peer: loses the names
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "zdtm.h"

enum { PAGE = 4096 };

int main(void)
{
	static char maps[1 << 16];
	char *mem;

	zt_init();
	mem = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(mem != MAP_FAILED);
	if (prctl(0x53564d41, 0, mem, 8 * PAGE, "first half") < 0)
		zt_skip("the kernel has no names for anonymous mappings");
	SETUP(prctl(0x53564d41, 0, mem + 8 * PAGE, 8 * PAGE, "second (half)") == 0);
	zt_checkpoint();

	SETUP(zt_read_file("/proc/self/maps", maps, sizeof(maps)) > 0);
	CHECK(strstr(maps, "[anon:first half]"), "the first name is lost");
	CHECK(strstr(maps, "[anon:second (half)]"), "the second name is lost");
	return zt_result();
}
