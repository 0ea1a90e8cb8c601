/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals ask a run to stop; the run stops where it can take everything back. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/log.h"
#include "run/cancel.h"

/* Writable because a signal handler has no other way to tell. */
static volatile sig_atomic_t got_signal;

/* Kept because what is started later (scripts, --exec-cmd) gets the mask that we were given. */
static struct {
	bool is_known;
	sigset_t mask;
} given;

/* A run that was asked for by somebody who has gone has nobody left to tell; -1: asked for by a user. */
static int client_fd = -1;

static void note_signal(int signo)
{
	if (!got_signal)
		got_signal = signo;
}

static int set_handlers(void (*handler)(int))
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction sa = { .sa_handler = handler };	/* no SA_RESTART: waits must end */

	for (size_t i = 0; i < array_size(signals); i++)
		if (sigaction(signals[i], &sa, NULL) < 0)
			return fail_errno("sigaction %d", signals[i]);
	return 0;
}

static void keep_given_mask(void)
{
	if (!given.is_known)
		sigprocmask(SIG_BLOCK, NULL, &given.mask);
	given.is_known = true;
}

int cancel_on_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a file that may not grow is an error, not the end */
	keep_given_mask();
	return set_handlers(note_signal);
}

bool is_cancelled(void)
{
	return got_signal;
}

const char *cancel_reason(void)
{
	if (!got_signal)
		return "not cancelled";
	return got_signal == SIGALRM ? "the time limit is over; raise it with --timeout" : strsignal(got_signal);
}

/* Both directions are shut only when the other end is closed: a client may half-close and still wait. */
static bool has_hung_up(void)
{
	struct pollfd p = { .fd = client_fd };

	return client_fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}

void cancel_on_hangup(int fd)
{
	client_fd = fd;
}

int check_cancelled(void)
{
	if (!got_signal && has_hung_up())
		return fail(ECANCELED, "the client closed its connection before the end");
	if (!got_signal)
		return 0;
	if (got_signal == SIGALRM)
		return fail(ECANCELED, "%s", cancel_reason());
	return fail(ECANCELED, "interrupted by signal %d (%s)", (int)got_signal, cancel_reason());
}

void cancel_ignore(void)
{
	cancel_after(0);
	client_fd = -1;
	if (set_handlers(SIG_IGN))
		warn("the run can still be interrupted");
}

void cancel_reset(void)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (set_handlers(SIG_DFL))
		warn("signals stay ignored");
	if (given.is_known)
		sigprocmask(SIG_SETMASK, &given.mask, NULL);
}

void cancel_after(unsigned int seconds)
{
	/* Again every second after that: a call that blocks may begin just when the first one has gone by. */
	const struct itimerval t = { .it_value = { .tv_sec = seconds }, .it_interval = { .tv_sec = seconds ? 1 : 0 } };

	setitimer(ITIMER_REAL, &t, NULL);
}
