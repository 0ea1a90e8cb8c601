/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many threads, several tracers, the loaded code itself, and what callers do wrong. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "cpu.h"
#include "harness.h"

#define N_THREADS 100

extern const struct compel_blob ops_blob;

static int *n_up;

static void *busy_or_asleep(void *arg)
{
	long i = (long)arg;

	__atomic_add_fetch(n_up, 1, __ATOMIC_SEQ_CST);
	if (i % 10)
		for (;;)
			pause();
	for (uint64_t seed = i;; seed++) {
		if (check_registers(seed))
			_exit(1);
		usleep(1000);
	}
}

static void on_fault(int sig)
{
	_exit(100 + sig);
}

static int with_threads(void *arg)
{
	pthread_t t;

	signal(SIGSEGV, on_fault);
	for (long i = 1; i < (long)arg; i++)
		if (pthread_create(&t, NULL, busy_or_asleep, (void *)i))
			return 1;
	busy_or_asleep((void *)10L);
	return 0;
}

static pid_t start_threads(int n)
{
	pid_t pid;

	n_up = shared(sizeof(int));
	pid = target(with_threads, (void *)(long)n);
	while (*(volatile int *)n_up < n)
		sleep_ms(1);
	return pid;
}

static void still_runs(pid_t pid)
{
	int status;

	sleep_ms(20);
	eq(waitpid(pid, &status, WNOHANG), 0);
}

TEST(code_in_100_threads_at_once)
{
	pid_t pid = start_threads(N_THREADS);

	/* Each waits inside until all are there: see run_all() in visit.c. */
	for (int i = 0; i < 10; i++)
		eq(visit(pid, VISIT_ALL), 0);
	still_runs(pid);
}

static void *visit_in_thread(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	struct compel_call call = { .tid = pid };
	struct op op = { .kind = OP_CALLS, .a = 10 };
	struct compel_stop stop;
	struct compel_proc *p;

	for (int i = 0; i < 50; i++) {
		ok(!compel_stop_thread(pid, &stop));
		ok(!compel_open(pid, &p));
		ok(!compel_load(p, pid, &ops_blob, sizeof(op), 1));
		ok(!compel_data_write(p, 0, &op, sizeof(op)));
		ok(!compel_run(p, &call, 1));
		eq(call.ret, 10);
		ok(!compel_unload(p, pid));
		ok(!compel_release(pid));
		compel_close(p);
	}
	return NULL;
}

static void four_tracers(void *(*tracer)(void *))
{
	pthread_t t[4];
	pid_t pids[4];

	for (int i = 0; i < 4; i++)
		pids[i] = start_threads(1);
	for (int i = 0; i < 4; i++)
		ok(!pthread_create(&t[i], NULL, tracer, &pids[i]));
	for (int i = 0; i < 4; i++)
		ok(!pthread_join(t[i], NULL));
	for (int i = 0; i < 4; i++)
		still_runs(pids[i]);
}

TEST(four_tracers_in_one_process)
{
	four_tracers(visit_in_thread);
}

static int leader_exits(void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, busy_or_asleep, (void *)10L);
	(void)arg;
	syscall(SYS_exit, 0); /* this thread only */
	return 1;
}

TEST(leader_that_has_exited_before_its_threads)
{
	struct compel_stop stop;
	pid_t tids[2], pid;

	n_up = shared(sizeof(int));
	pid = target(leader_exits, NULL);
	await_state(pid, "Z");
	eq(list_threads(pid, tids, 2), 2);
	eq(compel_seize(pid), -EOWNERDEAD);
	ok(!compel_stop_thread(tids[0] == pid ? tids[1] : tids[0], &stop));
	eq(stop.kind, COMPEL_STOPPED);
	ok(!compel_release(tids[0] == pid ? tids[1] : tids[0]));
	still_runs(pid);
}

static void *wait_and_spin(void *arg)
{
	(void)arg;
	check_registers_forever();
}

static int leader_exits_later(void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, wait_and_spin, NULL);
	while (!*(volatile int *)arg)
		;
	syscall(SYS_exit, 0);
	return 1;
}

TEST(leader_that_exits_while_it_is_attached)
{
	struct compel_stop stop;
	pid_t pid;

	n_up = shared(sizeof(int));
	pid = target(leader_exits_later, n_up);
	sleep_ms(20);
	ok(!compel_seize(pid));
	*n_up = 1;
	await_state(pid, "Z");
	ok(compel_interrupt(pid) == 0 || errno == ESRCH);
	ok(!compel_wait_stopped(pid, &stop));
	eq(stop.kind, COMPEL_ZOMBIE);
}

static int ends_at_once(void *arg)
{
	sleep_ms((unsigned int)(long)arg);
	return 5;
}

TEST(task_that_ends_before_it_stops)
{
	pid_t pid = target(ends_at_once, (void *)50L);
	struct compel_stop stop;

	ok(!compel_seize(pid));
	sleep_ms(100);
	(void)!compel_interrupt(pid);
	ok(!compel_wait_stopped(pid, &stop));
	eq(stop.kind, COMPEL_EXITED);
	ok(WIFEXITED(stop.status));
	eq(WEXITSTATUS(stop.status), 5);
}

/* --- the loaded code --- */

struct loaded {
	pid_t pid;
	struct compel_proc *p;
};

static struct loaded load_in(pid_t pid)
{
	struct loaded l = { .pid = pid };
	struct compel_stop stop;

	ok(!compel_stop_thread(l.pid, &stop));
	eq(compel_is_native64(l.pid), 1);
	ok(!compel_open(l.pid, &l.p));
	ok(!compel_load(l.p, l.pid, &ops_blob, 10000, 1));
	return l;
}

static struct loaded load(void)
{
	return load_in(start_threads(1));
}

static int run_op(struct loaded *l, struct op op, long *ret)
{
	struct compel_call call = { .tid = l->pid, .arg = 4096 };
	int err;

	ok(!compel_data_write(l->p, 4096, &op, sizeof(op)));
	err = compel_run(l->p, &call, 1);
	*ret = call.ret;
	return err;
}

static void unload(struct loaded *l)
{
	ok(!compel_unload(l->p, l->pid));
	compel_close(l->p);
	ok(!compel_release(l->pid));
	still_runs(l->pid);
}

TEST(what_code_returns)
{
	struct loaded l = load();
	long ret;

	ok(!run_op(&l, (struct op){ .kind = OP_ADD, .a = -7, .b = 2 }, &ret));
	eq(ret, -5);
	ok(!run_op(&l, (struct op){ .kind = OP_ADD, .a = 1L << 62 }, &ret));
	eq(ret, 1L << 62);
	ok(!run_op(&l, (struct op){ .kind = OP_FILL }, &ret));
	eq(ret, 0);
	ok(!run_op(&l, (struct op){ .kind = OP_STACK }, &ret));
	eq(ret, 2);
	ok(!run_op(&l, (struct op){ .kind = OP_SLEEP, .a = 30000000 }, &ret));
	eq(ret, 0);
	unload(&l);
}

TEST(code_runs_with_signals_blocked)
{
	struct loaded l = load();
	uint64_t faults = 1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1) | 1ULL << (SIGILL - 1) |
			  1ULL << (SIGFPE - 1) | 1ULL << (SIGTRAP - 1) | 1ULL << (SIGSYS - 1);
	long mask;

	ok(!run_op(&l, (struct op){ .kind = OP_MASK }, &mask));
	/* Open are those of our own faults, and one that is ignored. */
	eq(__builtin_popcountll(~(mask | faults | 1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1))),
	   1);
	ok(mask & (1ULL << (SIGTERM - 1)));
	unload(&l);
}

static int block_all(void *arg)
{
	sigset_t all;

	(void)arg;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return pause();
}

/* How often the thread was off the CPU by its own doing, or to report to its tracer. */
static long count_switches(pid_t pid)
{
	char path[64], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	ok(f);
	while (fgets(line, sizeof(line), f) && sscanf(line, "voluntary_ctxt_switches: %ld", &n) != 1)
		;
	fclose(f);
	return n;
}

TEST(a_thread_that_blocks_all_is_not_stopped_at_each_call)
{
	pid_t pid = target(block_all, NULL);
	struct loaded l;
	long ret, before;

	await_state(pid, "S");
	l = load_in(pid);
	before = count_switches(pid);
	ok(!run_op(&l, (struct op){ .kind = OP_CALLS, .a = 1000 }, &ret));
	eq(ret, 1000);
	ok(count_switches(pid) - before < 100);
	unload(&l);
}

/* The SigCgt line of a process: a forced signal takes away the action of one that is blocked. */
static void read_caught(pid_t pid, char *ret_line, int size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	ok(f);
	while (fgets(ret_line, size, f) && strncmp(ret_line, "SigCgt:", 7))
		;
	fclose(f);
}

TEST(code_that_crashes_is_left_and_the_target_lives)
{
	struct loaded l = load();
	char before[128], after[128];
	long ret;

	read_caught(l.pid, before, sizeof(before));
	ok(strcmp(before, "SigCgt:\t0000000000000000\n"));

	for (int i = 0; i < 3; i++) {
		eq(run_op(&l, (struct op){ .kind = OP_CRASH, .a = 16 }, &ret), -EFAULT);
		ok(strstr(compel_error(l.p), "signal 11"));
	}
	read_caught(l.pid, after, sizeof(after));
	ok(!strcmp(before, after));
	ok(!run_op(&l, (struct op){ .kind = OP_ADD, .a = 1, .b = 2 }, &ret));
	eq(ret, 3);
	unload(&l);
}

static unsigned int count_maps(pid_t pid)
{
	char path[64], line[512];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	ok(f);
	while (fgets(line, sizeof(line), f))
		n++;
	fclose(f);
	return n;
}

TEST(nothing_is_left_in_the_maps)
{
	pid_t pid = start_threads(1);
	unsigned int n = count_maps(pid);

	for (int i = 0; i < 5; i++)
		eq(visit(pid, VISIT_ALL), 0);
	eq(count_maps(pid), n);
}

/* --- what callers do wrong, or must know --- */

TEST(wrong_calls_are_refused_with_a_reason)
{
	struct loaded l = load();
	static const struct compel_blob junk = { "abcdefghijklmnopqrstuvwxyz", 26 };
	struct compel_call calls[2] = { { .tid = l.pid }, { .tid = l.pid } };
	unsigned long start;
	size_t len;
	char byte;

	eq(compel_load(l.p, l.pid, &ops_blob, 10, 1), -EEXIST);
	eq(compel_run(l.p, calls, 2), -EINVAL);
	eq(compel_data_read(l.p, 10000, &byte, 1), -ERANGE);
	eq(compel_data_read(l.p, ~0ul, &byte, 2), -ERANGE);
	eq(compel_data_write(l.p, 9999, "ab", 2), -ERANGE);
	ok(*compel_error(l.p));
	compel_mapping(l.p, &start, &len);
	ok(start < compel_data_addr(l.p) && compel_data_addr(l.p) + 10000 < start + len);
	ok(!compel_unload(l.p, l.pid));
	eq(compel_data_addr(l.p), 0);
	eq(compel_run(l.p, calls, 1), -EINVAL);
	eq(compel_load(l.p, l.pid, &junk, 10, 1), -EINVAL);
	eq(compel_load(l.p, l.pid, &ops_blob, 1ul << 50, 1), -ENOMEM);
	ok(*compel_error(l.p));
	eq(compel_data_addr(l.p), 0);
	unload(&l);
}

TEST(who_cannot_be_seized)
{
	pid_t pid = start_threads(1), tracer = fork();
	struct compel_stop stop;

	if (!tracer) {
		ok(!compel_stop_thread(pid, &stop));
		*n_up = 100;
		pause();
	}
	while (*(volatile int *)n_up != 100)
		sleep_ms(1);
	eq(compel_seize(pid), -EBUSY);
	ok(!kill(tracer, SIGKILL));
	waitpid(tracer, NULL, 0);
	ok(!compel_seize(pid));
	/* Never interrupted: release stops it first. */
	ok(!compel_release(pid));
	eq(compel_release(pid), -ESRCH);
	still_runs(pid);
	ok(!kill(pid, SIGKILL));
	await_state(pid, "Z");
	eq(compel_seize(pid), -EOWNERDEAD);
	waitpid(pid, NULL, 0);
	eq(compel_seize(pid), -ESRCH);
}

/* --- as a restore does: a thread gets registers of its own making --- */

static char new_stack[65536] __attribute__((aligned(16)));

static void reborn(long a, long b)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	_exit(a == 11 && b == 22 && sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGUSR1)
		      ? 0
		      : 1);
}

TEST(registers_and_mask_of_another_life)
{
	pid_t pid = target((int (*)(void *))check_registers_forever, NULL);
	unsigned long args[6] = { 0 };
	char xsave[12288];
	struct user_regs_struct regs;
	struct compel_stop stop;
	struct compel_proc *p;
	size_t len;
	long ret;

	ok(!compel_stop_thread(pid, &stop));
	ok(!compel_open(pid, &p));
	ok(!compel_regs_get(pid, &regs));
	ok(!compel_xsave_get(pid, xsave, sizeof(xsave), &len));
	eq(compel_xsave_get(pid, xsave, 16, &len), -ENOSPC);
	ok(len > 512);
	regs.rip = (unsigned long)reborn;
	regs.rsp = (unsigned long)new_stack + sizeof(new_stack) - 8;
	regs.rdi = 11;
	regs.rsi = 22;
	regs.orig_rax = -1;
	ok(!compel_regs_set(pid, &regs));
	ok(!compel_sigmask_set(pid, 1ULL << (SIGUSR2 - 1)));
	ok(!compel_xsave_set(pid, xsave, len));
	/*
	 * The restorer's own mapping would go by a call like this one, with the final registers
	 * already set.
	 */
	args[1] = 4096;
	args[2] = PROT_READ;
	args[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	args[4] = -1ul;
	ok(!compel_syscall(p, pid, SYS_mmap, args, &ret));
	ok(ret > 0);
	args[0] = ret;
	ok(!compel_syscall(p, pid, SYS_munmap, args, &ret));
	eq(ret, 0);
	compel_close(p);
	ok(!compel_release(pid));
	expect_success(pid);
}

/* Then every wait is a sleep, and the looks around are by its ticks. */
static void wait_asleep(void)
{
	ok(!compel_wait_asleep(SIGRTMIN));
}

TEST(asleep_code_in_100_threads_at_once)
{
	wait_asleep();
	code_in_100_threads_at_once();
}

static void *visit_asleep(void *arg)
{
	wait_asleep();
	visit_in_thread(arg);
	compel_wait_awake();
	return NULL;
}

TEST(asleep_four_tracers_in_one_process)
{
	four_tracers(visit_asleep);
}

TEST(asleep_leader_that_has_exited_before_its_threads)
{
	wait_asleep();
	leader_that_has_exited_before_its_threads();
}

TEST(asleep_leader_that_exits_while_it_is_attached)
{
	wait_asleep();
	leader_that_exits_while_it_is_attached();
}

TEST(asleep_task_that_ends_before_it_stops)
{
	wait_asleep();
	task_that_ends_before_it_stops();
}

int main(void)
{
	return run_tests();
}
