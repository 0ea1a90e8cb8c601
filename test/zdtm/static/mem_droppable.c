// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MAP_DROPPABLE: the mapping comes back as one, with its content (or zeros: the kernel may drop it
 * at any time).
 * zdtm-peer: loses the content or the flag
 */
#include <string.h>
#include <sys/mman.h>

#include "zdtm.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

enum { PAGE = 4096, LEN = 16 * PAGE };

int main(void)
{
	char *mem;
	int lost = 0;

	zt_init();
	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		zt_skip("the kernel has no MAP_DROPPABLE");
	zt_fill(mem, LEN, 1);
	zt_checkpoint();

	for (int i = 0; i < LEN / PAGE; i++) {
		char *page = mem + i * PAGE;
		bool is_zero = !page[0] && !memcmp(page, page + 1, PAGE - 1);

		lost += is_zero;
	}
	CHECK(lost == 0 ? zt_is_filled(mem, LEN, 1) : true, "the content is another");
	CHECK(lost == 0, "%d pages are lost although memory was not short", lost);
	return zt_result();
}
