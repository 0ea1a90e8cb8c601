// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guard regions inside a mapping: touching them faults, the pages around them keep their content.
 * zdtm-peer: loses guard regions (4.1.1)
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096, INSTALL = 102, REMOVE = 103 };

static sigjmp_buf faulted;

static void on_fault(int sig)
{
	siglongjmp(faulted, sig);
}

static bool faults(volatile char *at)
{
	if (sigsetjmp(faulted, 1))
		return true;
	(void)*at;
	return false;
}

int main(void)
{
	char *mem;

	zt_init();
	signal(SIGSEGV, on_fault);
	mem = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(mem != MAP_FAILED);
	zt_fill(mem, 64 * PAGE, 1);
	if (madvise(mem, PAGE, INSTALL) < 0)
		zt_skip("the kernel has no MADV_GUARD_INSTALL");
	SETUP(madvise(mem + 10 * PAGE, 5 * PAGE, INSTALL) == 0 &&
	      madvise(mem + 63 * PAGE, PAGE, INSTALL) == 0);
	zt_fill(mem + 20 * PAGE, PAGE, 2);
	zt_checkpoint();

	for (int i = 0; i < 64; i++)
		CHECK(faults(mem + i * PAGE) == (i == 0 || (i >= 10 && i < 15) || i == 63),
		      "page %d", i);
	CHECK(zt_is_filled(mem + 20 * PAGE, PAGE, 2), "content");
	CHECK(madvise(mem + 10 * PAGE, 5 * PAGE, REMOVE) == 0 && !mem[10 * PAGE],
	      "a guard cannot be removed");
	return zt_result();
}
