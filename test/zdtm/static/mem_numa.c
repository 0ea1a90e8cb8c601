// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NUMA policy: of a mapping, of a thread.
 * zdtm-peer: loses NUMA policy
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PAGE = 4096 };

static _Atomic int running;

static int policy_of(void *at, unsigned long *nodes)
{
	int mode = -1;

	*nodes = 0;
	syscall(SYS_get_mempolicy, &mode, nodes, 64, at, at ? 2 : 0);
	return mode;
}

static void *work(void *arg)
{
	unsigned long nodes = 1;

	(void)arg;
	SETUP(syscall(SYS_set_mempolicy, INTERLEAVE, &nodes, 64) == 0);
	running = 1;
	zt_wait();
	CHECK_EQ(policy_of(NULL, &nodes), INTERLEAVE);
	CHECK_EQ(nodes, 1);
	return NULL;
}

int main(void)
{
	static const int modes[] = { PREFERRED, BIND, INTERLEAVE, LOCAL };
	unsigned long node = 1, nodes;
	pthread_t thread;
	char *areas[4];

	zt_init();
	for (int i = 0; i < 4; i++) {
		areas[i] = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		SETUP(areas[i] != MAP_FAILED);
		if (syscall(SYS_mbind, areas[i], 16 * PAGE, modes[i],
			    modes[i] == LOCAL ? NULL : &node, modes[i] == LOCAL ? 0 : 64, 0) < 0)
			zt_skip("the kernel has no NUMA policy %d", modes[i]);
		zt_fill(areas[i], 16 * PAGE, (uint64_t)i);
	}
	SETUP(pthread_create(&thread, NULL, work, NULL) == 0);
	while (!running)
		zt_sleep_ms(1);
	zt_checkpoint();

	for (int i = 0; i < 4; i++) {
		CHECK_EQ(policy_of(areas[i], &nodes), modes[i]);
		CHECK(zt_is_filled(areas[i], 16 * PAGE, (uint64_t)i), "content of area %d", i);
	}
	CHECK_EQ(policy_of(NULL, &nodes), DEFAULT);
	pthread_join(thread, NULL);
	return zt_result();
}
