// SPDX-License-Identifier: GPL-2.0-or-later
/* Huge pages: content of memory made of them, and partly unmapped and partly protected ones. */
#include <sys/mman.h>

#include "zdtm.h"

enum { HUGE = 2 << 20 };

int main(void)
{
	char *room, *mem;

	zt_init();
	room = mmap(NULL, 8 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(room != MAP_FAILED);
	mem = (char *)(((uintptr_t)room + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	SETUP(madvise(mem, 6 * HUGE, MADV_HUGEPAGE) == 0);
	zt_fill(mem, 6 * HUGE, 1);
	SETUP(munmap(mem + HUGE + 4096 * 100, 4096 * 50) == 0);
	SETUP(mprotect(mem + 2 * HUGE, 4096 * 7, PROT_READ) == 0);
	SETUP(madvise(mem + 3 * HUGE + 4096, HUGE / 2, MADV_DONTNEED) == 0);
	zt_checkpoint();

	CHECK(zt_is_filled(mem, HUGE, 1), "the first huge page");
	CHECK(zt_is_filled_part(mem, HUGE, HUGE + 4096 * 100, 1), "before the hole");
	CHECK(zt_is_filled_part(mem, HUGE + 4096 * 150, 3 * HUGE, 1), "behind the hole");
	CHECK(!mem[3 * HUGE + 4096] && !mem[3 * HUGE + HUGE / 2], "the dropped half");
	CHECK(zt_is_filled_part(mem, 3 * HUGE, 3 * HUGE + 4096, 1), "before the dropped half");
	CHECK(zt_is_filled_part(mem, 4 * HUGE, 6 * HUGE, 1), "behind the dropped half");
	return zt_result();
}
