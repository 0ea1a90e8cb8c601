/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running tests, each in a process of its own. */
#include "harness.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

extern const struct test __start_tests[], __stop_tests[];

static FILE *why; /* where a failing test leaves its reason; a static because macros reach it */

void check(bool is_true, const char *file, int line, const char *what)
{
	if (is_true)
		return;
	fprintf(why, "%s:%d: %s (errno %d %s)", file, line, what, errno, strerror(errno));
	fflush(why);
	_exit(1);
}

void check_equal(long a, long b, const char *file, int line, const char *what)
{
	if (a == b)
		return;
	fprintf(why, "%s:%d: %s, but %ld != %ld", file, line, what, a, b);
	fflush(why);
	_exit(1);
}

void skip(const char *reason)
{
	fprintf(why, "%s", reason);
	fflush(why);
	_exit(TEST_SKIPPED);
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) < 0)
		;
}

double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

void *shared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ok(p != MAP_FAILED);
	return p;
}

pid_t target(int (*f)(void *), void *arg)
{
	pid_t pid = fork();

	ok(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(f(arg));
}

static char state_of(pid_t pid)
{
	char path[64], text[256] = "", *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 'X';
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	at = strrchr(text, ')');
	return at ? at[2] : 'X';
}

void await_state(pid_t pid, const char *states)
{
	for (int i = 0; i < 5000; i++) {
		if (strchr(states, state_of(pid))) {
			/* Sleeping, but perhaps on the way only. */
			sleep_ms(3);
			if (strchr(states, state_of(pid)))
				return;
		}
		sleep_ms(1);
	}
	check(false, __FILE__, __LINE__, "the target does not get to the state waited for");
}

void expect_success(pid_t pid)
{
	int status;

	eq(waitpid(pid, &status, 0), pid);
	eq(status, 0);
}

unsigned int list_threads(pid_t pid, pid_t *ret_tids, unsigned int max)
{
	char path[64];
	struct dirent *d;
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((d = readdir(dir)) && n < max)
		if (d->d_name[0] != '.')
			ret_tids[n++] = atoi(d->d_name);
	closedir(dir);
	return n;
}

static const char *run_test(const struct test *t, char *reason, size_t size)
{
	FILE *f = tmpfile();
	int status;
	pid_t pid;
	size_t n;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		why = f;
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		alarm(60);
		t->run();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	rewind(f);
	n = fread(reason, 1, size - 1, f);
	reason[n] = 0;
	fclose(f);
	if (WIFSIGNALED(status))
		snprintf(reason, size, "killed by signal %d", WTERMSIG(status));
	if (!status)
		return "ok";
	return WIFEXITED(status) && WEXITSTATUS(status) == TEST_SKIPPED ? "skip" : "not ok";
}

int run_tests(void)
{
	char reason[512];
	int n_failed = 0;

	for (const struct test *t = __start_tests; t < __stop_tests; t++) {
		const char *only = getenv("TEST"), *result;

		if (only && !strstr(t->name, only))
			continue;
		result = run_test(t, reason, sizeof(reason));

		printf("%s %s%s%s\n", result, t->name, *reason ? ": " : "", reason);
		n_failed += !strcmp(result, "not ok");
	}
	return n_failed ? 1 : 0;
}
