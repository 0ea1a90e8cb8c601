/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The choice of the signal that ends a run.
 *
 * A signal that the target ignores stops a traced thread, and does nothing to one that is not
 * traced any more. Not every program has one (a Go program catches nearly all): then each system
 * call of the run is traced, and the one that leaves is the sign; slower, but no signal is
 * involved.
 */
#include "gate.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "compel/thread.h"
#include "wait.h"

#define BIT(sig) (1ULL << ((sig)-1))

const uint64_t gate_faults =
	BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGSYS);

/* Ignored unless caught. */
static const uint64_t ignored_by_default = BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCHLD);

/*
 * Sending one of these discards others from the queues, even when it is ignored (prepare_signal()
 * in the kernel); those above 31 need room in the queue to be sent at all.
 */
static const uint64_t has_effects = BIT(SIGKILL) | BIT(SIGSTOP) | BIT(SIGCONT) | BIT(SIGTSTP) |
				    BIT(SIGTTIN) | BIT(SIGTTOU) | ~(BIT(32) - 1);

/* Rarest in real programs first. */
static const int preferred[] = { SIGURG, SIGWINCH, SIGPIPE, SIGXFSZ, SIGHUP, SIGCHLD };

int gate_prepare(struct compel_proc *p)
{
	unsigned long long ignored = 0, caught = ~0ULL;
	char path[64], line[512];
	int seccomp = 0;
	FILE *f;

	if (p->ignored.is_known)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
	f = fopen(path, "re");
	if (!f)
		return proc_fail(p, -errno, "open %s", path);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "SigIgn:", 7))
			ignored = strtoull(line + 7, NULL, 16);
		else if (!strncmp(line, "SigCgt:", 7))
			caught = strtoull(line + 7, NULL, 16);
		else if (!strncmp(line, "Seccomp:", 8))
			seccomp = atoi(line + 8);
	}
	fclose(f);
	p->ignored.usable =
		(ignored | (ignored_by_default & ~caught)) & ~has_effects & ~gate_faults;
	p->ignored.has_seccomp = seccomp != 0;
	p->ignored.is_known = true;
	return 0;
}

bool gate_is_filtered(const struct compel_proc *p, pid_t tid)
{
	return p->ignored.has_seccomp && !compel_suspends_seccomp(tid);
}

static int choose(uint64_t usable)
{
	for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++)
		if (usable & sig_bit(preferred[i]))
			return preferred[i];
	return usable ? __builtin_ctzll(usable) + 1 : 0;
}

/* What waits for the thread: a signal that does would be used up by ours. All, if nobody can say. */
static uint64_t pending_signals(pid_t tid)
{
	char text[4096], *own, *shared;

	if (!read_proc(tid, "status", text, sizeof(text)))
		return ~0ULL;
	own = strstr(text, "\nSigPnd:");
	shared = strstr(text, "\nShdPnd:");
	if (!own || !shared)
		return ~0ULL;
	return strtoull(own + 8, NULL, 16) | strtoull(shared + 8, NULL, 16);
}

/*
 * One that the thread does not block, if there is any. A shell that waits for its children blocks
 * all: then one that it blocks, and that does not wait for it. That is opened for the time of the
 * run; should one of the same number come from elsewhere, it is queued again (run.c).
 */
int gate_signal(const struct compel_proc *p, pid_t tid, uint64_t mask)
{
	int sig = choose(p->ignored.usable & ~mask);

	if (sig || !(p->ignored.usable & mask))
		return sig;
	return choose(p->ignored.usable & mask & ~pending_signals(tid));
}
