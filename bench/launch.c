// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs one command and says what it cost: launch RESULT COMMAND [ARG...]
 *
 * RESULT gets one line: wall time in ns, exit code (128 + signal), peak RSS in KiB of the
 * largest process. A program of its own, because a child inherits its parent's peak through fork
 * and exec: started from an interpreter, every tool would seem to need the interpreter's memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 50 };

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Helpers that the command left behind come to us; what they used counts once they are reaped. */
static void reap_leftovers(void)
{
	for (int ms = 0; ms < GRACE_MS; ms++) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		usleep(1000);
	}
}

static int run(char **argv, long long *ret_wall_ns)
{
	long long start = now_ns();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	*ret_wall_ns = now_ns() - start;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	long long wall_ns = 0;
	FILE *out;
	int code;

	if (argc < 3)
		return fprintf(stderr, "usage: launch RESULT COMMAND [ARG...]\n"), 2;
	close_range(3, ~0U, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	code = run(argv + 2, &wall_ns);
	if (code < 0)
		return perror("run"), 2;
	reap_leftovers();
	getrusage(RUSAGE_CHILDREN, &usage);

	out = fopen(argv[1], "we");
	if (!out || fprintf(out, "%lld %d %ld\n", wall_ns, code, usage.ru_maxrss) < 0 ||
	    fclose(out))
		return perror(argv[1]), 2;
	return 0;
}
