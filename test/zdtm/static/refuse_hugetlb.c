// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hugetlb mapping: refused for now.
 * zdtm-refuse: huge
 * zdtm-code: mem.unsupported
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "zdtm.h"

int main(void)
{
	char *mem;

	zt_init();
	/* reserves nothing: the mapping alone is what is refused */
	mem = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		zt_skip("the kernel gives no hugetlb mapping");
	zt_checkpoint();

	CHECK(munmap(mem, 2 << 20) == 0, "munmap");
	return zt_result();
}
