// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * target FILE CHILDREN. What the fault tests dump: a process with threads, children, pipes, timers, blocked signals, and system calls that are
 * interrupted all the time. It counts into a file that the test maps, one word for each of its parts, and stops
 * counting when it finds its own state changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLEEPER, SPINNER, POLLER, PIPER, MAIN, SENDER, CHILDREN, MAX_CHILDREN = 100 };
static volatile uint64_t *count;

static void nap(long us)
{
	struct timespec ts = { .tv_nsec = us * 1000 };

	while (nanosleep(&ts, &ts) < 0)
		;
}

static void *sleeper(void *arg)
{
	for (;;) {
		nap(500);
		count[SLEEPER]++;
	}
	return arg;
}

/* Numbers in registers and on the stack: a wrong one ends the counting. */
static void *spinner(void *arg)
{
	uint64_t a = 1, b = 1;
	double x = 0.5;

	for (uint64_t n = 0;; n++) {
		a = a * 6364136223846793005ULL + 1442695040888963407ULL;
		b = b * 6364136223846793005ULL + 1442695040888963407ULL;
		x = x * 3.7 * (1 - x);
		if (a != b || !(x > 0 && x < 1))
			return arg;
		if (!(n & 0xffff)) {
			count[SPINNER]++;
			nap(200);
		}
	}
}

static void *poller(void *arg)
{
	for (;;) {
		/* A deadline that only the kernel knew cannot be restored: then, and only then, EINTR (see poll(2)). */
		if (poll(NULL, 0, 1) != 0 && errno != EINTR)
			return arg;
		count[POLLER]++;
	}
}

static void *piper(void *arg)
{
	int *fds = arg;
	uint64_t n = 0, got;

	for (;; n++) {
		if (write(fds[1], &n, sizeof(n)) != sizeof(n) || read(fds[0], &got, sizeof(got)) != sizeof(got) || got != n)
			return arg;
		count[PIPER]++;
		nap(300);
	}
}

/* Two messages always wait, so that a dump looks at them, and moves the place where looks begin. */
static void *sender(void *arg)
{
	int *fds = (int *)arg + 2, off;
	socklen_t len = sizeof(off);
	uint64_t n = 0, got;

	if (send(fds[0], &n, sizeof(n), 0) < 0)
		return arg;
	for (;; n++) {
		uint64_t next = n + 1;

		if (send(fds[0], &next, sizeof(next), 0) < 0 || recv(fds[1], &got, sizeof(got), MSG_PEEK) != sizeof(got) || got != n)
			return arg;
		nap(300);
		if (getsockopt(fds[1], SOL_SOCKET, SO_PEEK_OFF, &off, &len) < 0 || off != -1)
			return arg;
		if (recv(fds[1], &got, sizeof(got), 0) != sizeof(got) || got != n)
			return arg;
		count[SENDER]++;
	}
}

static void child(int i)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		nap(700);
		count[CHILDREN + i]++;
	}
}

int main(int argc, char **argv)
{
	void *(*const parts[])(void *) = { sleeper, spinner, poller, piper, sender };
	int fd, fds[4], n_children = argc == 3 ? atoi(argv[2]) : 0;
	pthread_t th;
	sigset_t set;

	if (n_children < 1 || n_children > MAX_CHILDREN || (fd = open(argv[1], O_RDWR)) < 0 || pipe(fds) < 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, fds + 2) < 0)
		return 1;
	count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == MAP_FAILED)
		return 1;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGTRAP, SIG_IGN);
	for (int i = 0; i < n_children; i++)
		if (!fork())
			child(i);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		pthread_create(&th, NULL, parts[i], fds);
	for (;;) {
		nap(900);
		count[MAIN]++;
	}
}
