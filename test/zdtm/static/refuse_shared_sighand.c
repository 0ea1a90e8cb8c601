// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that shares memory and signal handlers with its parent: refused.
 * zdtm-refuse: sighand|signal|memory|mm
 * zdtm-code: task.shared-sighand
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int seen;

static void on_signal(int sig)
{
	seen = sig;
}

static int wait_for_it(void *arg)
{
	(void)arg;
	/* the handler is set by the other process */
	while (!seen)
		zt_sleep_ms(1);
	return 0;
}

int main(void)
{
	char *stack;
	int status;
	pid_t kid;

	zt_init();
	stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(stack != MAP_FAILED);
	kid = clone(wait_for_it, stack + 65536, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
	SETUP(kid > 0);
	zt_checkpoint();

	SETUP(signal(SIGUSR1, on_signal) != SIG_ERR);
	CHECK(kill(kid, SIGUSR1) == 0 && waitpid(kid, &status, 0) == kid && status == 0,
	      "status %#x", status);
	return zt_result();
}
