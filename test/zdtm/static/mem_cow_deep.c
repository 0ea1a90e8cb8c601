// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copy on write over four generations and moved mappings, anonymous and of a file: every page has
 * its own history.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, PAGES = 64, DEPTH = 4 };

static char *anon, *file;

/* Generation g has rewritten pages g, g + 8, g + 16 ... of what it was given. */
static uint64_t writer_of(int page, int generation)
{
	int writer = page % 8;

	return writer >= 1 && writer <= generation ? (uint64_t)writer : 0;
}

static void check_all(const char *what, char *mem, int generation)
{
	for (int i = 0; i < PAGES; i++)
		CHECK(zt_is_filled(mem + i * PAGE, PAGE,
				   1000 * writer_of(i, generation) + (uint64_t)i),
		      "generation %d: %s page %d", generation, what, i);
}

static void generation(void *arg)
{
	intptr_t me = (intptr_t)arg;
	pid_t kid = 0;
	char *moved;

	for (int i = 0; i < PAGES; i++)
		if (me && i % 8 == me) {
			zt_fill(anon + i * PAGE, PAGE, 1000 * (uint64_t)me + (uint64_t)i);
			zt_fill(file + i * PAGE, PAGE, 1000 * (uint64_t)me + (uint64_t)i);
		}
	if (me == 2) {
		moved = mremap(anon, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			       anon + (1l << 30));
		SETUP(moved != MAP_FAILED);
		anon = moved;
	}
	if (me < DEPTH)
		kid = zt_child(generation, (void *)(me + 1));
	zt_checkpoint();
	check_all("anonymous", anon, (int)me);
	check_all("file", file, (int)me);
	if (kid)
		zt_end_child(kid);
}

int main(void)
{
	int fd;

	zt_init();
	anon = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(anon != MAP_FAILED);
	for (int i = 0; i < PAGES; i++)
		zt_fill(anon + i * PAGE, PAGE, (uint64_t)i);
	zt_write_file(zt_path("file"), anon, PAGES * PAGE);
	fd = open(zt_path("file"), O_RDONLY);
	file = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	SETUP(fd >= 0 && file != MAP_FAILED && close(fd) == 0);
	generation(NULL);
	return zt_result();
}
