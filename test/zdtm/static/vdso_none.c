// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that has unmapped its vDSO: it can be stopped and asked all the same, and has none
 * afterwards either.
 * zdtm-peer: gives it a vDSO again, or refuses
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "zdtm.h"

static char maps[1 << 16];

/* Unmaps what is called so; the names begin with [v, the vsyscall page is the kernel's own. */
static int unmap_all(void)
{
	int n = 0;

	SETUP(zt_read_file("/proc/self/maps", maps, sizeof(maps)) > 0);
	for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long start, end;

		if ((strstr(line, "[vdso]") || strstr(line, "[vvar")) &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2)
			n += munmap((void *)start, end - start) == 0;
	}
	return n;
}

int main(void)
{
	uint64_t word = 5;

	zt_init();
	SETUP(unmap_all() >= 2);
	zt_checkpoint();

	/* no function of libc that would use the vDSO from here on */
	CHECK(zt_read_file("/proc/self/maps", maps, sizeof(maps)) > 0 && !strstr(maps, "[vdso]"),
	      "there is a vDSO");
	CHECK_EQ(word, 5);
	return zt_result();
}
