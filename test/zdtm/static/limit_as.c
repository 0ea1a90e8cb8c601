// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A soft limit of address space that leaves no room for anything: kept, or refused with its name.
 * zdtm-may-refuse: soft limit RLIMIT_AS .*prlimit --pid \d+ --as=
 * zdtm-peer: cannot dump it
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "zdtm.h"

int main(void)
{
	struct rlimit limit;

	zt_init();
	SETUP(getrlimit(RLIMIT_AS, &limit) == 0);
	limit.rlim_cur = 1 << 20;
	SETUP(setrlimit(RLIMIT_AS, &limit) == 0);
	zt_checkpoint();

	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
		      errno == ENOMEM,
	      "no limit");
	CHECK(getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == 1 << 20, "the limit is %lu",
	      limit.rlim_cur);
	return zt_result();
}
