// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The small attributes of a process: personality, OOM adjustment, core dump filter, login uid, THP
 * setting, membarrier.
 * zdtm-peer: loses the core dump filter
 * zdtm-flavor: h,ns
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static long long number_in(const char *path, int base)
{
	char text[64];

	if (zt_read_file(path, text, sizeof(text)) < 0)
		return -1;
	return strtoll(text, NULL, base);
}

int main(void)
{
	int registered;

	zt_init();
	SETUP(personality(ADDR_NO_RANDOMIZE | SHORT_INODE) >= 0);
	zt_write_file("/proc/self/oom_score_adj", "321", 3);
	zt_write_file("/proc/self/coredump_filter", "0x6d", 4);
	SETUP(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	SETUP(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0);
	SETUP(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0);
	registered = (int)syscall(SYS_membarrier, 512, 0, 0);
	zt_write_file("/proc/self/loginuid", "1500", 4);
	zt_checkpoint();

	CHECK_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE | SHORT_INODE);
	CHECK_EQ(number_in("/proc/self/oom_score_adj", 10), 321);
	CHECK_EQ(number_in("/proc/self/coredump_filter", 16), 0x6d);
	CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0,
	      "membarrier: errno %d", errno);
	CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) < 0,
	      "never registered");
	CHECK_EQ(syscall(SYS_membarrier, 512, 0, 0), registered);
	CHECK_EQ(number_in("/proc/self/loginuid", 10), 1500);
	return zt_result();
}
