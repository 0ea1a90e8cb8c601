// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copy on write between relatives: pages nobody has changed are still one page in memory, the
 * changed ones differ.
 * zdtm-flavor: h
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, PAGES = 256, CHANGED = 16, KIDS = 3 };

static char *area;

/* Page frame numbers of the area in a process; root only. */
static bool read_frames(pid_t pid, uint64_t *ret)
{
	char path[64];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	done = fd >= 0 &&
	       pread(fd, ret, PAGES * 8, (off_t)((uintptr_t)area / PAGE * 8)) == PAGES * 8;
	if (fd >= 0)
		close(fd);
	return done;
}

static void child(void *arg)
{
	uintptr_t index = (uintptr_t)arg;

	zt_fill(area + index * CHANGED * PAGE, CHANGED * PAGE, 100 + index);
	zt_checkpoint();
	CHECK(zt_is_filled(area + index * CHANGED * PAGE, CHANGED * PAGE, 100 + index),
	      "child %d: its pages", (int)index);
	for (int i = KIDS * CHANGED; i < PAGES; i++)
		CHECK(zt_is_filled(area + i * PAGE, PAGE, (uint64_t)i), "child %d: common page %d",
		      (int)index, i);
	/* a write after the restore is its own */
	memset(area + (PAGES - 1) * PAGE, (int)index, PAGE);
}

static int count_shared(pid_t kid)
{
	uint64_t ours[PAGES], theirs[PAGES];
	int n = 0;

	if (!read_frames(getpid(), ours) || !read_frames(kid, theirs))
		return -1;
	for (int i = 0; i < PAGES; i++)
		n += (ours[i] >> 63) && (ours[i] & ((1ull << 55) - 1)) &&
		     (ours[i] & ((1ull << 55) - 1)) == (theirs[i] & ((1ull << 55) - 1));
	return n;
}

int main(void)
{
	pid_t kids[KIDS];

	zt_init();
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(area != MAP_FAILED && madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE) == 0);
	for (int i = 0; i < PAGES; i++)
		zt_fill(area + i * PAGE, PAGE, (uint64_t)i);
	for (uintptr_t i = 0; i < KIDS; i++)
		kids[i] = zt_child(child, (void *)i);
	for (int i = 0; i < KIDS; i++)
		SETUP(count_shared(kids[i]) == PAGES - CHANGED);
	zt_checkpoint();

	for (int i = 0; i < KIDS; i++)
		CHECK(count_shared(kids[i]) >= PAGES - CHANGED, "child %d shares %d of %d pages", i,
		      count_shared(kids[i]), PAGES - CHANGED);
	for (int i = 0; i < KIDS; i++)
		zt_end_child(kids[i]);
	for (int i = 0; i < PAGES; i++)
		CHECK(zt_is_filled(area + i * PAGE, PAGE, (uint64_t)i), "page %d of the parent", i);
	return zt_result();
}
