// SPDX-License-Identifier: GPL-2.0-or-later
/* Two thousand small mappings of alternating protection, each with a page of its own. */
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096, N = 2000 };

int main(void)
{
	char *area;

	zt_init();
	area = mmap(NULL, (size_t)N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	SETUP(area != MAP_FAILED);
	for (int i = 0; i < N; i++) {
		zt_fill(area + (size_t)i * PAGE, PAGE, (uint64_t)i);
		SETUP(mprotect(area + (size_t)i * PAGE, PAGE,
			       i % 2   ? PROT_READ
			       : i % 3 ? PROT_READ | PROT_WRITE
				       : PROT_NONE) == 0);
	}
	zt_checkpoint();

	CHECK(mprotect(area, (size_t)N * PAGE, PROT_READ) == 0, "mprotect");
	for (int i = 0; i < N; i++)
		CHECK(zt_is_filled(area + (size_t)i * PAGE, PAGE, (uint64_t)i), "mapping %d", i);
	return zt_result();
}
