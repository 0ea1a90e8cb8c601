// SPDX-License-Identifier: GPL-2.0-or-later
/* The old vsyscall page: where the kernel shows it, its time() can be called as before. */
#include <string.h>
#include <time.h>

#include "zdtm.h"

int main(void)
{
	static char maps[1 << 16];
	bool is_there;

	zt_init();
	SETUP(zt_read_file("/proc/self/maps", maps, sizeof(maps)) > 0);
	is_there = strstr(maps, "[vsyscall]");
	if (!is_there)
		zt_skip("the kernel has no vsyscall page");
	zt_checkpoint();

	CHECK(zt_read_file("/proc/self/maps", maps, sizeof(maps)) > 0 && strstr(maps, "[vsyscall]"),
	      "no vsyscall page");
	CHECK(strstr(maps, "ffffffffff600000-"), "it is elsewhere");
	CHECK(((time_t(*)(time_t *))0xffffffffff600400)(NULL) >= time(NULL) - 1, "its time()");
	return zt_result();
}
