// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ban on writable code in a process where all that can be read can be executed: no memory can be made writable, so
 * no code can be run inside.
 * zdtm-refuse: READ_IMPLIES_EXEC.*PR_SET_MDWE
 */
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "zdtm.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

int main(void)
{
	void *p;

	zt_init();
	if (prctl(PR_SET_MDWE, 1, 0, 0, 0) < 0)
		zt_skip("the kernel has no PR_SET_MDWE");
	SETUP(personality(READ_IMPLIES_EXEC) >= 0);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(p != MAP_FAILED);
	zt_checkpoint();

	CHECK(mprotect(p, 4096, PROT_READ | PROT_WRITE) < 0, "executable memory has become writable");
	CHECK(personality(~0UL) == READ_IMPLIES_EXEC, "another personality");
	return zt_result();
}
