// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that blocks and ignores every signal it can, traps among them, and works with traps
 * afterwards.
 */
#include <signal.h>
#include <unistd.h>

#include "zdtm.h"

static volatile sig_atomic_t traps;

static void on_trap(int sig)
{
	(void)sig;
	traps++;
}

static void child(void *arg)
{
	sigset_t all, now;

	(void)arg;
	zt_ready();
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGTERM && sig != SIGCHLD)
			signal(sig, SIG_IGN);
	signal(SIGTRAP, on_trap);
	sigfillset(&all);
	sigdelset(&all, SIGTERM);
	sigprocmask(SIG_SETMASK, &all, NULL);
	zt_write_file(zt_path("blocked"), "1", 1);
	zt_wait();
	sigprocmask(SIG_BLOCK, NULL, &now);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33)
			CHECK(sigismember(&now, sig) == (sig != SIGTERM), "the mask of signal %d",
			      sig);
	CHECK_EQ(traps, 0);
	raise(SIGTRAP);
	CHECK_EQ(traps, 0);
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
	CHECK_EQ(traps, 1);
	asm volatile("int3");
	CHECK_EQ(traps, 2);
}

int main(void)
{
	pid_t kid;

	zt_init();
	kid = zt_child(child, NULL);
	while (access(zt_path("blocked"), F_OK) < 0)
		zt_sleep_ms(1);
	zt_checkpoint();
	zt_end_child(kid);
	return zt_result();
}
