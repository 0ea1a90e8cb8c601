// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls that sleep across the checkpoint: each ends as if nothing had happened, none too
 * early and none with EINTR
 * (which signal(7) allows only after a handler). The kernel keeps what is left of some timeouts to
 * itself: those calls
 * are in syscalls_timeout.
 * zdtm-peer: interrupts poll (EINTR)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

/* Long enough to span the dump, short enough to wait for. */
enum { SLEEP_MS = 4000 };

static int pipes[4][2], word;
static _Atomic int running, ended;
static struct timespec until;
static uint64_t begun;

static long with_absolute_sleep(void)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static long with_select(void)
{
	struct timeval t = { SLEEP_MS / 1000, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipes[0][0], &set);
	return syscall(SYS_select, pipes[0][0] + 1, &set, NULL, NULL, &t);
}

static long with_futex(void)
{
	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static long with_read(void)
{
	char c;

	return read(pipes[1][0], &c, 1) - 1;
}

static long with_long_poll(void)
{
	struct pollfd p = { pipes[2][0], POLLIN, 0 };

	return syscall(SYS_poll, &p, 1, -1) - 1;
}

static long with_child(void)
{
	int status;
	pid_t pid = fork(), got;
	char c;

	if (!pid) {
		close(pipes[3][1]);
		_exit(read(pipes[3][0], &c, 1) == 0 ? 5 : 6);
	}
	got = (pid_t)syscall(SYS_wait4, pid, &status, 0, NULL);
	return got == pid && status == 5 << 8 ? 0 : -1;
}

static const struct sleeper {
	const char *name;
	long (*sleep)(void);
	bool has_timeout;
} sleepers[] = {
	{ "clock_nanosleep", with_absolute_sleep, true },
	{ "select", with_select, true },
	{ "futex", with_futex, false },
	{ "read", with_read, false },
	{ "poll without end", with_long_poll, false },
	{ "wait4", with_child, false },
};

enum { N = sizeof(sleepers) / sizeof(sleepers[0]) };

static void *run(void *arg)
{
	const struct sleeper *s = arg;
	uint64_t ms;
	sigset_t term;
	long got;

	/* the end of the checkpoint is told by a signal: not to these */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	running++;
	got = s->sleep();
	ms = (zt_now_ns(CLOCK_MONOTONIC) - begun) / 1000000;
	CHECK(got == 0, "%s gives %ld, errno %d", s->name, got, got < 0 ? errno : 0);
	if (s->has_timeout)
		CHECK(ms >= SLEEP_MS - 10, "%s ended after %llu ms", s->name,
		      (unsigned long long)ms);
	ended++;
	/* not an exit while the runner looks at the threads */
	zt_wait();
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	zt_init();
	for (int i = 0; i < 4; i++)
		SETUP(pipe(pipes[i]) == 0);
	/* before the end is set: a thread may begin to run much later */
	begun = zt_now_ns(CLOCK_MONOTONIC);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SLEEP_MS / 1000;
	for (int i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, run, (void *)&sleepers[i]) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_sleep_ms(50);
	zt_checkpoint();

	for (int i = 1; i < 3; i++)
		CHECK(write(pipes[i][1], "x", 1) == 1, "write");
	close(pipes[3][1]);
	word = 1;
	syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(ended, N);
	return zt_result();
}
