/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Death at random moments: of the tracer, and of the target. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "cpu.h"
#include "harness.h"

#define N_KILLS 150

extern const struct compel_blob ops_blob;

struct shared_state {
	int is_set_up; /* the target has its handlers */
	int is_ready;  /* the tracer is in its runs */
	int is_done;   /* the target shall end */
	long received, sent;
};

static struct shared_state *state;

static void on_rt(int sig)
{
	(void)sig;
	state->received++;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void wait_ns(long ns)
{
	struct timespec ts = { 0, ns };

	nanosleep(&ts, NULL);
}

/* A tracer that loads once and then runs code again and again, until it is killed. */
static void run_for_ever(pid_t pid)
{
	static const struct op ops[] = {
		{ .kind = OP_ADD },
		{ .kind = OP_CALLS, .a = 20 },
		{ .kind = OP_SLEEP, .a = 300000 },
		{ .kind = OP_SPIN, .a = 50000 },
		{ .kind = OP_FILL },
		{ .kind = OP_STACK },
	};
	struct compel_call call = { .tid = pid };
	unsigned long args[6] = { 0 };
	struct compel_stop stop;
	struct compel_proc *p;
	long ret;

	ok(!compel_stop_thread(pid, &stop));
	ok(!compel_open(pid, &p));
	ok(!compel_load(p, pid, &ops_blob, sizeof(ops[0]), 1));
	for (int i = 0;; i++) {
		ok(!compel_data_write(p, 0, &ops[i % 6], sizeof(ops[0])));
		state->is_ready = 1;
		ok(!compel_run(p, &call, 1));
		ok(!compel_syscall(p, pid, SYS_getppid, args,
				   &ret)); /* safe like a run: there is code loaded */
	}
}

static void kill_tracers(pid_t pid)
{
	for (int i = 0; i < N_KILLS; i++) {
		pid_t tracer;
		int status;

		state->is_ready = 0;
		tracer = fork();
		if (!tracer) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			run_for_ever(pid);
		}
		while (!*(volatile int *)&state->is_ready) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				eq(status, 0);
			ok(!waitpid(tracer, &status,
				    WNOHANG)); /* it has met an error and said so */
			wait_ns(10000);
		}
		wait_ns(rand() % 2000000);
		if (sigqueue(pid, SIGRTMIN + 1, (union sigval){ 0 }) == 0)
			state->sent++;
		kill(tracer, SIGKILL);
		eq(waitpid(tracer, &status, 0), tracer);
		ok(WIFSIGNALED(status));
		eq(kill(pid, 0), 0);
	}
}

static int spin_checking(void *arg)
{
	static char alt[16384];
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) }, st_now;
	sigset_t before, now;

	sigaltstack(&st, NULL);
	if (arg)
		for (int sig = 1; sig < 65; sig++)
			signal(sig, on_signal);
	signal(SIGRTMIN + 1, on_rt);
	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	state->is_set_up = 1;
	for (uint64_t seed = 1; !*(volatile int *)&state->is_done; seed++) {
		if (check_registers(seed))
			return 1;
		sigprocmask(SIG_SETMASK, NULL, &now);
		if (memcmp(&now, &before, 8))
			return 2;
		if (sigaltstack(NULL, &st_now) || memcmp(&st_now, &st, sizeof(st)))
			return 3;
	}
	return 0;
}

static int sleep_restarting(void *arg)
{
	sigset_t set;
	siginfo_t info;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	state->is_set_up = 1;
	/* Only this call's result is looked at: it must be a signal or EINTR, nothing else. */
	while (!*(volatile int *)&state->is_done) {
		int sig = sigwaitinfo(&set, &info);

		if (sig == SIGRTMIN + 1)
			state->received++;
		else if (errno != EINTR)
			return 1;
	}
	return 0;
}

/* As a shell does that waits for its children. */
static int suspended_blocking_all(void *arg)
{
	sigset_t all, none, now;

	(void)arg;
	sigfillset(&all);
	sigemptyset(&none);
	signal(SIGRTMIN + 1, on_rt);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigprocmask(SIG_SETMASK, NULL, &all);
	state->is_set_up = 1;
	while (!*(volatile int *)&state->is_done) {
		sigsuspend(&none);
		sigprocmask(SIG_SETMASK, NULL, &now);
		if (memcmp(&now, &all, 8))
			return 1;
	}
	return 0;
}

static int read_restarting(void *arg)
{
	int fd = *(int *)arg;
	struct sigaction act = { .sa_handler = on_rt, .sa_flags = SA_RESTART };
	char c;

	sigaction(SIGRTMIN + 1, &act, NULL);
	state->is_set_up = 1;
	return read(fd, &c, 1) == 1 && c == 'x' ? 0 : 1;
}

static pid_t start(int (*f)(void *), void *arg)
{
	pid_t pid;

	state = shared(sizeof(*state));
	pid = target(f, arg);
	while (!*(volatile int *)&state->is_set_up)
		wait_ns(10000);
	return pid;
}

static void finish(pid_t pid)
{
	sleep_ms(20);
	*(volatile int *)&state->is_done = 1;
	if (sigqueue(pid, SIGRTMIN + 1, (union sigval){ 0 }) == 0)
		state->sent++;
	expect_success(pid);
	/* The last one may come after the target has decided to end. */
	ok(state->received == state->sent || state->received == state->sent - 1);
}

TEST(tracer_killed_in_a_run_of_a_busy_task)
{
	pid_t pid = start(spin_checking, NULL);

	kill_tracers(pid);
	finish(pid);
}

TEST(tracer_killed_in_a_run_of_a_task_that_handles_all)
{
	pid_t pid = start(spin_checking, &state);

	kill_tracers(pid);
	finish(pid);
}

TEST(tracer_killed_in_a_run_of_a_task_in_sigwaitinfo)
{
	pid_t pid = start(sleep_restarting, NULL);

	await_state(pid, "S");
	kill_tracers(pid);
	finish(pid);
}

TEST(tracer_killed_in_a_run_of_a_task_in_sigsuspend_that_blocks_all)
{
	pid_t pid = start(suspended_blocking_all, NULL);

	await_state(pid, "S");
	kill_tracers(pid);
	finish(pid);
}

TEST(tracer_killed_in_a_run_of_a_task_in_read)
{
	int fds[2];
	pid_t pid;

	ok(!pipe(fds));
	pid = start(read_restarting, &fds[0]);
	await_state(pid, "S");
	kill_tracers(pid);
	await_state(pid, "S");
	eq(state->received, state->sent);
	ok(write(fds[1], "x", 1) == 1);
	expect_success(pid);
}

/*
 * Everything, at any moment: the injected calls of load and unload are the only ones that can harm.
 */
TEST(tracer_only_stopping_killed_at_any_moment)
{
	pid_t pid = start(spin_checking, NULL);

	for (int i = 0; i < N_KILLS; i++) {
		pid_t tracer = fork();
		int status;

		if (!tracer)
			for (;;)
				ok(!visit(pid, 0));
		wait_ns(rand() % 1000000);
		kill(tracer, SIGKILL);
		eq(waitpid(tracer, &status, 0), tracer);
	}
	finish(pid);
}

static void killed_target(int (*f)(void *), int what)
{
	for (int i = 0; i < 60; i++) {
		pid_t pid = start(f, NULL), killer;
		int err, status;

		killer = fork();
		if (!killer) {
			wait_ns(rand() % 1500000);
			kill(pid, SIGKILL);
			_exit(0);
		}
		do
			err = visit(pid, what);
		while (!err);
		if (err != -EOWNERDEAD)
			eq(err, -ESRCH);
		waitpid(killer, &status, 0);
		waitpid(pid, &status,
			0); /* unless the library has taken its status, being the tracer */
		eq(kill(pid, 0), -1);
		eq(errno, ESRCH);
	}
}

TEST(target_killed_in_injected_calls)
{
	killed_target(spin_checking, VISIT_SYSCALL);
}

TEST(target_killed_in_runs)
{
	killed_target(spin_checking, VISIT_ALL);
}

TEST(sleeping_target_killed_in_runs)
{
	killed_target(sleep_restarting, VISIT_ALL);
}

int main(void)
{
	return run_tests();
}
