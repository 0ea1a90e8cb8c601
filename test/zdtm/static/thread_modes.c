// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modes that threads of one process have for themselves: personality, machine check policy, parent-death
 * signal; the leader has others. Merging of equal pages, for all of them.
 * zdtm-peer: has one personality for a process
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "zdtm.h"

enum { N = 3, SET_MEMORY_MERGE = 67, GET_MEMORY_MERGE = 68 };

static _Atomic int running;
static const int personas[N] = { 0, ADDR_COMPAT_LAYOUT, ADDR_NO_RANDOMIZE | 0x0800000 };
static const int policies[N] = { PR_MCE_KILL_DEFAULT, PR_MCE_KILL_LATE, PR_MCE_KILL_EARLY };
static const int deaths[N] = { 0, 10, 64 };

static void set(int i)
{
	SETUP(personality((unsigned long)personas[i]) >= 0);
	SETUP(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, policies[i], 0, 0) == 0);
	SETUP(prctl(PR_SET_PDEATHSIG, deaths[i]) == 0);
}

static void check(int i)
{
	int signo = -1;

	CHECK_EQ(personality(0xffffffff), personas[i]);
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), policies[i]);
	CHECK(prctl(PR_GET_PDEATHSIG, &signo) == 0 && signo == deaths[i], "death signal %d, not %d", signo,
	      deaths[i]);
}

static void *work(void *arg)
{
	set((int)(intptr_t)arg);
	running++;
	zt_wait();
	check((int)(intptr_t)arg);
	return NULL;
}

/* Not the root: its parent is outside, and a death signal from there cannot be kept. */
static void child(void *arg)
{
	pthread_t threads[N];

	bool is_merging;

	(void)arg;
	is_merging = prctl(SET_MEMORY_MERGE, 1, 0, 0, 0) == 0;
	/* the leader is unlike what a new process has, the first thread is like it */
	set(2);
	for (intptr_t i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_checkpoint();
	check(2);
	/* without a kernel that can, there is nothing to keep */
	CHECK(!is_merging || prctl(GET_MEMORY_MERGE, 0, 0, 0, 0) == 1, "equal pages are not merged");
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	return zt_in_child(child);
}
