// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signal actions of all 64 signals: handlers, ignore, default, masks, flags; and that the handlers
 * run.
 * zdtm-peer: loses the ignoring of SIGTRAP
 */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static volatile sig_atomic_t seen[65];

static void plain(int sig)
{
	seen[sig]++;
}

static void with_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_pid == getpid())
		seen[sig]++;
}

struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static int raw_action(int sig, struct kernel_action *ret)
{
	return (int)syscall(SYS_rt_sigaction, sig, NULL, ret, 8);
}

int main(void)
{
	static struct kernel_action before[65], after;
	static const int flags[] = {
		0, SA_RESTART, SA_NODEFER, SA_ONSTACK | SA_RESTART, SA_NOCLDSTOP, SA_NOCLDWAIT
	};

	zt_init();
	for (int sig = 1; sig <= 64; sig++) {
		struct sigaction sa = { .sa_flags = flags[sig % 6] };

		if (sig == SIGKILL || sig == SIGSTOP || sig == SIGTERM || sig == 32 || sig == 33)
			continue;
		sigaddset(&sa.sa_mask, 1 + sig * 7 % 64);
		if (sig % 5 == 0)
			sa.sa_handler = SIG_IGN;
		else if (sig % 5 == 1)
			sa.sa_sigaction = with_info, sa.sa_flags |= SA_SIGINFO;
		else if (sig % 5 < 4)
			sa.sa_handler = plain;
		SETUP(sigaction(sig, &sa, NULL) == 0);
	}
	for (int sig = 1; sig <= 64; sig++)
		SETUP(raw_action(sig, &before[sig]) == 0);
	zt_checkpoint();

	for (int sig = 1; sig <= 64; sig++) {
		CHECK(raw_action(sig, &after) == 0 && !memcmp(&after, &before[sig], sizeof(after)),
		      "action of signal %d differs: flags %#lx, %#lx before", sig, after.flags,
		      before[sig].flags);
		if (sig % 5 == 0 || sig % 5 == 4 || sig == SIGKILL || sig == SIGSTOP ||
		    sig == SIGTERM || sig == 32 || sig == 33)
			continue;
		CHECK(kill(getpid(), sig) == 0 && seen[sig] == 1, "the handler of %d ran %d times",
		      sig, seen[sig]);
	}
	return zt_result();
}
