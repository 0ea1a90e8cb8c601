// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What few programs set: memory merging, machine check policy, system call dispatch, the local
 * descriptor table.
 * zdtm-peer: loses all of it
 * zdtm-may-refuse: dispatch|ldt
 * zdtm-code: task.state
 */
#include <asm/ldt.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

enum { SET_MEMORY_MERGE = 67, GET_MEMORY_MERGE = 68 };

static unsigned char selector;
static volatile sig_atomic_t dispatched;

static void on_sys(int sig)
{
	(void)sig;
	selector = 0;
	dispatched++;
}

int main(void)
{
	struct user_desc slot = { .entry_number = 5,
				  .base_addr = 0x1234000,
				  .limit = 0xfff,
				  .seg_32bit = 1,
				  .useable = 1 };
	char before[256] = "", after[256] = "";
	bool is_merging;
	int len;

	zt_init();
	signal(SIGSYS, on_sys);
	is_merging = prctl(SET_MEMORY_MERGE, 1, 0, 0, 0) == 0;
	SETUP(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0) == 0);
	SETUP(syscall(SYS_modify_ldt, 1, &slot, sizeof(slot)) == 0);
	len = (int)syscall(SYS_modify_ldt, 0, before, sizeof(before));
	/* all system calls are dispatched while the selector says so */
	SETUP(prctl(59, 1, 0, 0, &selector) == 0);
	zt_checkpoint();

	CHECK_EQ(prctl(GET_MEMORY_MERGE, 0, 0, 0, 0),
		 is_merging ? 1 : prctl(GET_MEMORY_MERGE, 0, 0, 0, 0));
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
	CHECK(syscall(SYS_modify_ldt, 0, after, sizeof(after)) == len &&
		      !memcmp(before, after, sizeof(after)),
	      "the LDT");
	selector = 1;
	getppid();
	selector = 0;
	CHECK(dispatched == 1, "system calls are not dispatched any more");
	return zt_result();
}
