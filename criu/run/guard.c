/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two processes of the tool. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/progress.h"
#include "run/cancel.h"
#include "run/guard.h"
#include "run/journal.h"

/* Whose death is announced by PR_SET_PDEATHSIG may have died before it was asked for. */
static void die_with_parent(pid_t parent, int signo)
{
	prctl(PR_SET_PDEATHSIG, signo);
	if (getppid() != parent)
		kill(getpid(), signo);
}

static int no_return run_guardian(pid_t front, int (*work)(void *arg), void *arg)
{
	/* A session of its own: ^C and a kill of the front's process group reach the front only, which passes on. */
	setsid();
	die_with_parent(front, SIGTERM);
	exit(work(arg));
}

/* waitpid(), with the progress line meanwhile. */
static pid_t wait_and_show(pid_t guardian, int *ret_status)
{
	auto_fd int pidfd = progress_is_on() ? syscall(SYS_pidfd_open, guardian, 0) : -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	while (pidfd >= 0) {
		int n = poll(&p, 1, progress_interval_ms());

		if (n < 0)
			return -1;
		if (n)
			break;
		progress_draw();
	}
	return waitpid(guardian, ret_status, 0);
}

/* Signals that arrive before the guardian ends are passed on. */
static int wait_guardian(pid_t guardian)
{
	int status, forwarded = 0;

	while (wait_and_show(guardian, &status) < 0) {
		if (errno != EINTR)
			return -1;
		if (is_cancelled() && !forwarded++)
			kill(guardian, SIGTERM);
	}
	return status;
}

int guard_run(struct journal *j, int (*work)(void *arg), void *arg)
{
	pid_t front = getpid(), guardian;
	int status;

	if (cancel_on_signals())
		return EXIT_FAILURE;
	guardian = fork();
	if (guardian < 0) {
		(void)fail_errno("fork the guardian");
		return EXIT_FAILURE;
	}
	if (!guardian)
		run_guardian(front, work, arg);
	status = wait_guardian(guardian);
	progress_clear();
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	(void)fail(ECHILD, "the working process was killed by signal %d; taking its changes back", WTERMSIG(status));
	journal_take_back(j);
	return EXIT_FAILURE;
}

static int no_return run_watcher(struct journal *j, pid_t front, const sigset_t *wanted)
{
	const unsigned int ms = progress_interval_ms();
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	int signo;

	setsid();
	die_with_parent(front, SIGTERM);
	while (progress_is_on() && sigtimedwait(wanted, NULL, &pause) < 0)
		progress_draw();
	progress_clear();
	if (!progress_is_on())
		sigwait(wanted, &signo);
	journal_take_back(j);	/* empty if the caller sent the signal because all is well */
	_exit(EXIT_SUCCESS);
}

pid_t guard_watch(struct journal *j)
{
	pid_t front = getpid(), watcher;
	sigset_t wanted, old;

	/* Before the fork: a signal that the watcher does not wait for yet must not be lost in a handler. */
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigprocmask(SIG_BLOCK, &wanted, &old);
	watcher = fork();
	if (!watcher)
		run_watcher(j, front, &wanted);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return watcher < 0 ? fail_errno("fork the watcher") : watcher;
}

void guard_unwatch(pid_t watcher)
{
	if (watcher <= 0)
		return;
	kill(watcher, SIGTERM);
	while (waitpid(watcher, NULL, 0) < 0 && errno == EINTR)
		;
}
