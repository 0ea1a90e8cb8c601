// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A soft limit of data that leaves no room for anything: kept, or refused with its name.
 * zdtm-may-refuse: soft limit RLIMIT_DATA .*prlimit --pid \d+ --data=
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
	SETUP(getrlimit(RLIMIT_DATA, &limit) == 0);
	limit.rlim_cur = 8192;
	SETUP(setrlimit(RLIMIT_DATA, &limit) == 0);
	zt_checkpoint();

	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			      MAP_FAILED &&
		      errno == ENOMEM,
	      "no limit");
	CHECK(getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur == 8192, "the limit is %lu",
	      limit.rlim_cur);
	return zt_result();
}
