// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shared anonymous memory: between relatives and alone, with holes, with its middle unmapped, at an offset, with
 * protections that differ; whoever writes, all see it.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, N = 64, LEN = N * PAGE };

static char *both, *holes, *parts, *single;

static char *shared(size_t len)
{
	char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	SETUP(mem != MAP_FAILED);
	return mem;
}

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	CHECK(zt_is_filled_part(both, PAGE, LEN, 3), "the child sees something else");
	both[0] = 'c';
	holes[5 * PAGE] = 'h';
}

int main(void)
{
	unsigned char there[N];
	char *moved;
	pid_t kid;

	zt_init();
	both = shared(LEN);
	zt_fill(both, LEN, 3);
	holes = shared(LEN);
	holes[3 * PAGE] = 'x';
	holes[40 * PAGE + 7] = 'y';
	parts = shared(LEN);
	zt_fill(parts, LEN, 4);
	SETUP(munmap(parts, PAGE) == 0 && munmap(parts + 10 * PAGE, 10 * PAGE) == 0);
	SETUP(mprotect(parts + 30 * PAGE, PAGE, PROT_READ) == 0 && mprotect(parts + 31 * PAGE, PAGE, PROT_NONE) == 0);
	single = shared(PAGE);
	strcpy(single, "alone");
	/* Two mappings of one object in one process. */
	moved = mremap(single, 0, PAGE, MREMAP_MAYMOVE);
	SETUP(moved != MAP_FAILED && !strcmp(moved, "alone"));
	kid = zt_child(child, NULL);
	zt_checkpoint();

	CHECK(zt_is_filled(both, LEN, 3), "the content differs");
	CHECK(holes[3 * PAGE] == 'x' && holes[40 * PAGE + 7] == 'y', "what lies between holes differs");
	SETUP(mincore(holes, LEN, there) == 0);
	CHECK(!(there[20] & 1), "a hole has got a page");
	CHECK(zt_is_filled_part(parts, PAGE, 10 * PAGE, 4) && zt_is_filled_part(parts, 20 * PAGE, 31 * PAGE, 4), "a part differs");
	SETUP(mprotect(parts + 31 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
	CHECK(zt_is_filled_part(parts, 31 * PAGE, LEN, 4), "what could not be read differs");
	moved[0] = 'A';
	CHECK(!strcmp(single, "Alone"), "two mappings show two objects");
	zt_end_child(kid);
	CHECK(both[0] == 'c' && holes[5 * PAGE] == 'h', "what the child writes is not seen");
	if (fork() == 0) {
		both[1] = 'f';
		_exit(0);
	}
	CHECK(wait(NULL) > 0 && both[1] == 'f', "a new child does not share it");
	return zt_result();
}
