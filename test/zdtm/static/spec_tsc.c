// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modes of a thread: speculation controls where the CPU has them, and the time stamp counter
 * (SIGSEGV when read).
 * zdtm-peer: loses the TSC mode
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "zdtm.h"

static _Atomic int running;
static sigjmp_buf faulted;

static void on_fault(int sig)
{
	siglongjmp(faulted, sig);
}

static bool rdtsc_faults(void)
{
	if (sigsetjmp(faulted, 1))
		return true;
	(void)__builtin_ia32_rdtsc();
	return false;
}

static void *without_tsc(void *arg)
{
	int mode = 0;

	(void)arg;
	SETUP(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
	running++;
	zt_wait();
	CHECK(prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV, "TSC mode %d", mode);
	CHECK(rdtsc_faults(), "rdtsc does not fault");
	return NULL;
}

static void *speculating_less(void *arg)
{
	static const int which[] = { PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, 2 };
	int before[3];

	(void)arg;
	for (int i = 0; i < 3; i++) {
		/* fails where the CPU or the kernel's command line leaves no choice */
		prctl(PR_SET_SPECULATION_CTRL, which[i], PR_SPEC_DISABLE, 0, 0);
		before[i] = prctl(PR_GET_SPECULATION_CTRL, which[i], 0, 0, 0);
	}
	running++;
	zt_wait();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(prctl(PR_GET_SPECULATION_CTRL, which[i], 0, 0, 0), before[i]);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	zt_init();
	signal(SIGSEGV, on_fault);
	SETUP(pthread_create(&threads[0], NULL, without_tsc, NULL) == 0);
	SETUP(pthread_create(&threads[1], NULL, speculating_less, NULL) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	zt_checkpoint();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	CHECK(!rdtsc_faults(), "rdtsc faults in the main thread");
	return zt_result();
}
