// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals that are pending without a siginfo, because the queue was full when they came: they come back
 * as often, and by an ignored signal that is blocked.
 * zdtm-peer: loses signals without siginfo
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "zdtm.h"

static void take(int signo, int from)
{
	struct timespec none = { 0 };
	siginfo_t info = { .si_pid = -1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	CHECK(sigtimedwait(&set, &info, &none) == signo, "signal %d is lost", signo);
	CHECK(info.si_code == SI_USER && info.si_pid == from, "signal %d: code %d, pid %d", signo, info.si_code,
	      info.si_pid);
	CHECK(sigtimedwait(&set, &info, &none) < 0, "signal %d comes twice", signo);
}

int main(void)
{
	struct rlimit limit, none;
	sigset_t set;

	zt_init();
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SETUP(kill(getpid(), SIGUSR2) == 0);
	SETUP(getrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	none = limit;
	none.rlim_cur = 0;
	SETUP(setrlimit(RLIMIT_SIGPENDING, &none) == 0);
	/* a real-time signal by kill(2) is noted by its bit alone */
	SETUP(kill(getpid(), SIGRTMIN + 2) == 0);
	SETUP(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	zt_checkpoint();

	take(SIGUSR2, getpid());
	take(SIGRTMIN + 2, 0);
	return zt_result();
}
