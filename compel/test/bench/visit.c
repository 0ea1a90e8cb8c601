/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a visit costs: seize, stop, load, run, unload, release, for one thread and for many. Prints
 * medians in us.
 */
#include <compel/compel.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../lib/ops.h"

#define N_ROUNDS    101
#define MAX_THREADS 1000

enum { SEIZE, STOP, OPEN, LOAD, RUN, RUN_AGAIN, UNLOAD, RELEASE, N_STEPS };

static const char *const names[N_STEPS] = { "seize", "stop",	  "open",   "load",
					    "run",   "run again", "unload", "release" };

extern const struct compel_blob ops_blob;

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static pid_t start_target(int n, pid_t *ret_tids)
{
	char path[64];
	pid_t pid = fork();
	pthread_t t;

	if (!pid) {
		for (int i = 1; i < n; i++)
			pthread_create(&t, NULL, sleep_for_ever, NULL);
		sleep_for_ever(NULL);
	}
	usleep(100000);
	for (int tid = pid, i = 0; i < n; tid++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
		if (!access(path, F_OK))
			ret_tids[i++] = tid;
	}
	return pid;
}

static void must(int err)
{
	if (!err)
		return;
	fprintf(stderr, "error %d (%s)\n", err, strerror(-err));
	exit(1);
}

static void measure_visit(pid_t pid, const pid_t *tids, int n, double *ret_us)
{
	static struct compel_call calls[MAX_THREADS];
	struct op op = { .kind = OP_ADD, .a = 1 };
	struct compel_stop stop;
	struct compel_proc *p;
	double at[N_STEPS + 1];

	for (int i = 0; i < n; i++)
		calls[i] = (struct compel_call){ .tid = tids[i] };
	at[SEIZE] = now_us();
	for (int i = 0; i < n; i++)
		must(compel_seize(tids[i]));
	at[STOP] = now_us();
	for (int i = 0; i < n; i++)
		must(compel_interrupt(tids[i]));
	for (int i = 0; i < n; i++)
		must(compel_wait_stopped(tids[i], &stop));
	at[OPEN] = now_us();
	must(compel_open(pid, &p));
	at[LOAD] = now_us();
	must(compel_load(p, pid, &ops_blob, sizeof(op), n));
	must(compel_data_write(p, 0, &op, sizeof(op)));
	at[RUN] = now_us();
	must(compel_run(p, calls, n));
	at[RUN_AGAIN] = now_us();
	must(compel_run(p, calls, n));
	at[UNLOAD] = now_us();
	must(compel_unload(p, pid));
	at[RELEASE] = now_us();
	for (int i = 0; i < n; i++)
		must(compel_release(tids[i]));
	at[N_STEPS] = now_us();
	compel_close(p);
	for (int i = 0; i < N_STEPS; i++)
		ret_us[i] = at[i + 1] - at[i];
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void bench(int n)
{
	static double us[N_STEPS + 1][N_ROUNDS];
	static pid_t tids[MAX_THREADS];
	pid_t pid = start_target(n, tids);

	for (int r = 0; r < N_ROUNDS; r++) {
		double round[N_STEPS];

		measure_visit(pid, tids, n, round);
		us[N_STEPS][r] = 0;
		for (int i = 0; i < N_STEPS; i++) {
			us[i][r] = round[i];
			us[N_STEPS][r] += round[i];
		}
		usleep(2000);
	}
	printf("%d threads:", n);
	for (int i = 0; i <= N_STEPS; i++) {
		qsort(us[i], N_ROUNDS, sizeof(double), compare);
		printf("  %s %.0f", i < N_STEPS ? names[i] : "all", us[i][N_ROUNDS / 2]);
	}
	printf(" us\n");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	static const int standard[] = { 1, 10, 200 };

	if (argc > 1)
		for (int i = 1; i < argc && atoi(argv[i]) <= MAX_THREADS; i++)
			bench(atoi(argv[i]));
	else
		for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
			bench(standard[i]);
	return 0;
}
