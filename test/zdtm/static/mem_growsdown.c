// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stacks that grow: the main one deep down, and a mapping of the program's own, grown and growing
 * on.
 */
#include <alloca.h>
#include <string.h>
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096, START = 4 * PAGE, GROWN = 64 * PAGE };

static void __attribute__((noinline)) deep(int depth, volatile char *sum)
{
	volatile char here[8192];

	memset((void *)here, depth, sizeof(here));
	if (depth)
		deep(depth - 1, sum);
	else
		zt_checkpoint();
	for (size_t i = 0; i < sizeof(here); i += 64)
		CHECK(here[i] == (char)depth || zt_has_failed(), "the stack at depth %d", depth);
	*sum = (char)(*sum + here[0]);
}

int main(void)
{
	char *room, *area, sum = 0;

	zt_init();
	/* room below, then the mapping at its upper end */
	room = mmap(NULL, 1 << 24, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(room != MAP_FAILED && munmap(room, 1 << 24) == 0);
	area = mmap(room + (1 << 23), START, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	SETUP(area != MAP_FAILED);
	for (int i = 0; i < GROWN; i += PAGE)
		area[START - 8 - i] = (char)(i / PAGE);
	deep(100, &sum);

	for (int i = 0; i < GROWN; i += PAGE)
		CHECK(area[START - 8 - i] == (char)(i / PAGE), "content at %d", i);
	for (int i = GROWN; i < 2 * GROWN; i += PAGE)
		area[START - 8 - i] = 1;
	return zt_result();
}
