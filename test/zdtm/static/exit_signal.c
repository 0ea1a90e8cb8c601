// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Children whose end is told by another signal than SIGCHLD, or by none.
 * zdtm-peer: loses exit signals
 */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static volatile sig_atomic_t seen;
static volatile pid_t seen_pid;

static void on_end(int sig, siginfo_t *info, void *context)
{
	(void)context;
	seen = sig;
	seen_pid = info->si_pid;
}

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
}

int main(void)
{
	const int signals[] = { SIGUSR1, 0, SIGRTMIN + 4 };
	struct sigaction sa = { .sa_sigaction = on_end, .sa_flags = SA_SIGINFO };
	pid_t kids[3];

	zt_init();
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGRTMIN + 4, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	for (int i = 0; i < 3; i++) {
		kids[i] = (pid_t)syscall(SYS_clone, signals[i], NULL, NULL, NULL, 0);
		SETUP(kids[i] >= 0);
		if (!kids[i])
			zt_run_child(child, NULL);
		zt_await_ready(kids[i]);
	}
	zt_checkpoint();

	CHECK(waitpid(-1, NULL, WNOHANG) < 0, "they are ordinary children now");
	for (int i = 0; i < 3; i++) {
		seen = 0;
		seen_pid = 0;
		zt_end_child(kids[i]);
		CHECK_EQ(seen, signals[i]);
		CHECK_EQ(seen_pid, signals[i] ? kids[i] : 0);
	}
	return zt_result();
}
