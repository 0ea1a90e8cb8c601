// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of which several CPUs copy pieces at once: 128 MiB, every page different, with holes of zeros. */
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096, N = 32768, HOLE_EVERY = 1000, HOLE = 7 };

static int is_hole(int i)
{
	return i % HOLE_EVERY < HOLE;
}

int main(void)
{
	char *area;

	zt_init();
	area = mmap(NULL, (size_t)N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(area != MAP_FAILED);
	for (int i = 0; i < N; i++)
		if (!is_hole(i))
			zt_fill(area + (size_t)i * PAGE, PAGE, i);
	zt_checkpoint();

	for (int i = 0; i < N; i++) {
		char *page = area + (size_t)i * PAGE;

		if (is_hole(i))
			CHECK(!page[0] && !page[PAGE - 1], "page %d is not empty", i);
		else
			CHECK(zt_is_filled(page, PAGE, i), "page %d", i);
	}
	return zt_result();
}
