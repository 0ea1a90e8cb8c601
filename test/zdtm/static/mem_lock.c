// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locked memory: mlock, lock on fault, MAP_LOCKED; amounts as /proc counts them.
 * zdtm-peer: loses MLOCK_ONFAULT
 */
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096 };

int main(void)
{
	char *locked, *on_fault, *map_locked;
	long long kb;

	zt_init();
	locked = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	on_fault =
		mmap(NULL, 1024 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map_locked = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	SETUP(locked != MAP_FAILED && on_fault != MAP_FAILED && map_locked != MAP_FAILED);
	SETUP(mlock(locked + 8 * PAGE, 8 * PAGE) == 0 &&
	      mlock2(on_fault, 1024 * PAGE, MLOCK_ONFAULT) == 0);
	zt_fill(locked, 32 * PAGE, 1);
	zt_fill(on_fault, 4 * PAGE, 2);
	zt_fill(map_locked, 16 * PAGE, 3);
	kb = zt_proc_value("/proc/self/status", "VmLck", 10);
	SETUP(kb == (8 + 1024 + 16) * 4);
	zt_checkpoint();

	CHECK_EQ(zt_proc_value("/proc/self/status", "VmLck", 10), kb);
	CHECK(zt_is_filled(locked, 32 * PAGE, 1) && zt_is_filled(on_fault, 4 * PAGE, 2), "content");
	CHECK(zt_is_filled(map_locked, 16 * PAGE, 3), "content");
	CHECK(munlock(locked, 32 * PAGE) == 0, "munlock");
	CHECK_EQ(zt_proc_value("/proc/self/status", "VmLck", 10), kb - 32);
	return zt_result();
}
