// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mlockall for future mappings: what the program maps after the restore is locked.
 * zdtm-peer: loses MCL_FUTURE
 */
#include <sys/mman.h>

#include "zdtm.h"

int main(void)
{
	long long before;
	char *mem;

	zt_init();
	SETUP(mlockall(MCL_FUTURE | MCL_ONFAULT) == 0);
	before = zt_proc_value("/proc/self/status", "VmLck", 10);
	zt_checkpoint();

	CHECK_EQ(zt_proc_value("/proc/self/status", "VmLck", 10), before);
	mem = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mem != MAP_FAILED, "mmap");
	CHECK_EQ(zt_proc_value("/proc/self/status", "VmLck", 10), before + 1024);
	CHECK_EQ(zt_proc_value("/proc/self/status", "VmRSS", 10) < 64 * 1024, 1);
	return zt_result();
}
