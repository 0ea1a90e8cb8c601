// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process (not a thread) that shares memory with its parent: refused.
 * zdtm-refuse: shared.mm|mm|memory|vm
 * zdtm-code: task.shared-mm
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int count, stop;

static int beat(void *arg)
{
	(void)arg;
	while (!stop) {
		count++;
		zt_sleep_ms(1);
	}
	return 0;
}

int main(void)
{
	char *stack;
	int status, beats;
	pid_t kid;

	zt_init();
	stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(stack != MAP_FAILED);
	kid = clone(beat, stack + 65536, CLONE_VM | SIGCHLD, NULL);
	SETUP(kid > 0);
	zt_checkpoint();

	beats = count;
	zt_sleep_ms(50);
	CHECK(count > beats, "the other process does not work on");
	stop = 1;
	CHECK(waitpid(kid, &status, 0) == kid && status == 0, "status %#x", status);
	return zt_result();
}
