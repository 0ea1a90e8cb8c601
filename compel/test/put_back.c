/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tracer killed before each of its ptrace calls in turn; another process puts the target back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "cpu.h"
#include "harness.h"

#define LEN_MAPS 65536

extern const struct compel_blob ops_blob;

struct shared_state {
	char record[COMPEL_RECORD_SIZE];
	int is_set_up, is_done;
};

static struct shared_state *state;
static int calls_left;	/* of this process; static because the library's calls end up in ptrace() below */

/* Instead of the C library's. */
long ptrace(enum __ptrace_request request, ...)
{
	va_list args;
	pid_t pid;
	void *addr, *data;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (calls_left && !--calls_left)
		raise(SIGKILL);
	return syscall(SYS_ptrace, request, pid, addr, data);
}

static void read_maps(pid_t pid, char *ret_maps)
{
	char path[64];
	int fd;
	ssize_t n, len = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY);
	ok(fd >= 0);
	while ((n = read(fd, ret_maps + len, LEN_MAPS - 1 - len)) > 0)
		len += n;
	close(fd);
	ret_maps[len] = 0;
}

/* What a dump does: the calls of load, of a run, of unload. */
static void work_until_killed(pid_t pid, int n_calls)
{
	static const struct op op = { .kind = OP_ADD };
	struct compel_call call = { .tid = pid };
	struct compel_stop stop;
	struct compel_proc *p;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	calls_left = n_calls;
	ok(!compel_stop_thread(pid, &stop));
	ok(!compel_open(pid, &p));
	compel_keep_record(p, state->record);
	ok(!compel_load(p, pid, &ops_blob, sizeof(op), 1));
	ok(!compel_data_write(p, 0, &op, sizeof(op)));
	ok(!compel_run(p, &call, 1));
	ok(!compel_unload(p, pid));
	compel_close(p);
	ok(!compel_release(pid));
	_exit(0);
}

/* Returns whether the tracer was killed on the way. */
static bool kill_at(pid_t pid, int n_calls)
{
	char why[256] = "";
	int status;
	pid_t tracer = fork();

	if (!tracer)
		work_until_killed(pid, n_calls);
	eq(waitpid(tracer, &status, 0), tracer);
	if (compel_put_back(state->record, why, sizeof(why))) {
		fprintf(stderr, "call %d: %s\n", n_calls, why);
		ok(false);
	}
	eq(kill(pid, 0), 0);
	ok(WIFSIGNALED(status) || (WIFEXITED(status) && !WEXITSTATUS(status)));
	return WIFSIGNALED(status);
}

static void kill_everywhere(pid_t pid)
{
	static char before[LEN_MAPS], now[LEN_MAPS];
	int n = 0;

	read_maps(pid, before);
	do {
		struct compel_stop stop;
		uint64_t mask;

		n++;
		if (!kill_at(pid, n))
			break;
		read_maps(pid, now);
		ok(!strcmp(before, now));
		ok(!compel_stop_thread(pid, &stop));
		ok(!compel_sigmask_get(pid, &mask));
		eq(mask, 1ULL << (SIGUSR1 - 1));
		ok(!compel_release(pid));
	} while (n < 1000);
	ok(n > 40 && n < 1000);
}

static void block_usr1(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	state->is_set_up = 1;
}

static int spin(void *arg)
{
	(void)arg;
	block_usr1();
	for (uint64_t seed = 1; !*(volatile int *)&state->is_done; seed++)
		if (check_registers(seed))
			return 1;
	return 0;
}

/* A call that the kernel restarts: it must return once, with what was written. */
static int read_once(void *arg)
{
	char c;

	block_usr1();
	return read(*(int *)arg, &c, 1) == 1 && c == 'x' ? 0 : 1;
}

/* One that only the kernel can restart. EINTR is what a tracer leaves that is killed in a run. */
static int poll_long(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };
	int n;

	block_usr1();
	while ((n = poll(&p, 1, 600000)) < 0)
		if (errno != EINTR)
			return 1;
	return n == 1 ? 0 : 2;
}

static pid_t start(int (*f)(void *), void *arg)
{
	pid_t pid;

	state = shared(sizeof(*state));
	pid = target(f, arg);
	while (!*(volatile int *)&state->is_set_up)
		sleep_ms(1);
	return pid;
}

TEST(busy_task_is_put_back)
{
	pid_t pid = start(spin, NULL);

	kill_everywhere(pid);
	*(volatile int *)&state->is_done = 1;
	expect_success(pid);
}

static void in_a_call(int (*f)(void *))
{
	int fds[2];
	pid_t pid;

	ok(!pipe(fds));
	pid = start(f, &fds[0]);
	await_state(pid, "S");
	kill_everywhere(pid);
	await_state(pid, "S");
	ok(write(fds[1], "x", 1) == 1);
	expect_success(pid);
}

TEST(task_in_read_is_put_back)
{
	in_a_call(read_once);
}

TEST(task_in_poll_is_put_back)
{
	in_a_call(poll_long);
}

TEST(nothing_is_done_by_an_empty_record)
{
	char why[64];

	state = shared(sizeof(*state));
	eq(compel_put_back(state->record, why, sizeof(why)), 0);
}

/* Died meanwhile: nothing is left to put back. */
TEST(dead_task_is_no_error)
{
	pid_t pid = start(spin, NULL);
	char why[64];
	int status;
	pid_t tracer = fork();

	if (!tracer)
		work_until_killed(pid, 40);
	eq(waitpid(tracer, &status, 0), tracer);
	ok(WIFSIGNALED(status));
	kill(pid, SIGKILL);
	eq(waitpid(pid, &status, 0), pid);
	eq(compel_put_back(state->record, why, sizeof(why)), 0);
}

int main(void)
{
	return run_tests();
}
