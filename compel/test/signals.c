/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals: none is lost or doubled, actions and masks stay, whatever the target does with them. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "cpu.h"
#include "harness.h"

#define N_SIGNALS 4000

struct counts {
	long received, sum, n_foreign;
	int is_done;
	pid_t sender;
};

static struct counts *counts;

static void count(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	counts->received++;
	counts->sum += info->si_value.sival_int;
	counts->n_foreign += info->si_code != SI_QUEUE || info->si_pid != counts->sender;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void on_end(int sig)
{
	(void)sig;
	counts->is_done = 1;
}

static void handle(int sig, void (*f)(int, siginfo_t *, void *))
{
	struct sigaction act = { .sa_sigaction = f, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(sig, &act, NULL);
}

static int count_while_spinning(void *arg)
{
	(void)arg;
	handle(SIGRTMIN + 1, count);
	signal(SIGUSR2, on_end);
	for (uint64_t seed = 1; !*(volatile int *)&counts->is_done; seed++)
		if (check_registers(seed))
			return 1;
	return 0;
}

static int count_in_sigsuspend(void *arg)
{
	sigset_t none, all;

	(void)arg;
	sigemptyset(&none);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	handle(SIGRTMIN + 1, count);
	signal(SIGUSR2, on_end);
	while (!*(volatile int *)&counts->is_done)
		sigsuspend(&none);
	return 0;
}

/* As a Go program does: there is no signal that could be sent without being noticed. */
static int count_handling_all(void *arg)
{
	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGRTMIN + 1)
			signal(sig, on_signal);
	return count_while_spinning(arg);
}

static void send_all(pid_t pid)
{
	struct timespec pause = { 0, 100000 };

	for (int i = 1; i <= N_SIGNALS; i++) {
		while (sigqueue(pid, SIGRTMIN + 1, (union sigval){ .sival_int = i }) < 0) {
			if (errno != EAGAIN)
				return;		/* it has died, and the test fails by that */
			nanosleep(&pause, NULL);
		}
		if (i % 8 == 0)
			nanosleep(&pause, NULL);
	}
}

static void storm(int (*f)(void *))
{
	pid_t pid, sender;
	int n_visits = 0, status;

	counts = shared(sizeof(*counts));
	pid = target(f, NULL);
	sleep_ms(20);
	sender = fork();
	if (!sender) {
		counts->sender = getpid();
		send_all(pid);
		_exit(0);
	}
	while (waitpid(sender, &status, WNOHANG) == 0) {
		eq(visit(pid, n_visits % 4), 0);
		n_visits++;
	}
	eq(visit(pid, VISIT_ALL), 0);
	sleep_ms(50);
	ok(!kill(pid, SIGUSR2));
	expect_success(pid);
	eq(counts->received, N_SIGNALS);
	eq(counts->sum, (long)N_SIGNALS * (N_SIGNALS + 1) / 2);
	eq(counts->n_foreign, 0);
	ok(n_visits > 3);
}

TEST(storm_of_signals_on_a_busy_task)
{
	storm(count_while_spinning);
}

TEST(storm_of_signals_in_sigsuspend)
{
	storm(count_in_sigsuspend);
}

TEST(storm_of_signals_on_a_task_that_handles_all)
{
	storm(count_handling_all);
}

/* --- what a forced SIGTRAP would destroy --- */

static volatile int n_traps;

static void on_trap(int sig)
{
	(void)sig;
	n_traps++;
}

static int trap_stays(void *arg)
{
	void (*action)(int) = arg;
	sigset_t block, wait, now;
	struct sigaction act;

	signal(SIGTRAP, action);
	signal(SIGUSR1, on_signal);
	sigemptyset(&wait);
	if (action == SIG_DFL) /* blocked and pending */
		sigaddset(&wait, SIGTRAP);
	/* A plain pause() would miss a signal on its way back into it. */
	block = wait;
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_SETMASK, &block, NULL);
	if (action == SIG_DFL)
		raise(SIGTRAP);
	sigsuspend(&wait);
	sigaction(SIGTRAP, NULL, &act);
	sigprocmask(SIG_SETMASK, NULL, &now);
	if (act.sa_handler != action || memcmp(&now, &block, 8) || n_traps)
		return 1;
	sigpending(&now);
	return sigismember(&now, SIGTRAP) != (action == SIG_DFL);
}

static void trap(void (*action)(int))
{
	pid_t pid = target(trap_stays, action);

	await_state(pid, "S");
	for (int i = 0; i < 8; i++)
		eq(visit(pid, i % 4), 0);
	ok(!kill(pid, SIGUSR1));
	expect_success(pid);
}

TEST(sigtrap_ignored)
{
	trap(SIG_IGN);
}

TEST(sigtrap_handled)
{
	trap(on_trap);
}

TEST(sigtrap_blocked_and_pending)
{
	trap(SIG_DFL);
}

/* --- all blocked, all ignored, alternate stacks, job control --- */

static int all_blocked(void *arg)
{
	sigset_t all, now;

	(void)arg;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	raise(SIGURG);
	raise(SIGWINCH);
	raise(SIGTERM);
	sleep_ms(200);
	sigpending(&now);
	return sigismember(&now, SIGURG) && sigismember(&now, SIGWINCH) &&
			       sigismember(&now, SIGTERM)
		       ? 0
		       : 1;
}

TEST(all_signals_blocked_and_some_pending)
{
	pid_t pid = target(all_blocked, NULL);

	await_state(pid, "S");
	for (int i = 0; i < 8; i++)
		eq(visit(pid, i % 4), 0);
	expect_success(pid);
}

/* One that the target ignores by default is the gate of a run; it must not be used up when it was sent. */
struct exchange {
	int is_set_up, n_sent, n_received;
};

static struct exchange *exchange;

static void await_count(const int *count, int n)
{
	while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < n)
		usleep(20);
}

static int receive_blocked(void *arg)
{
	const struct timespec patience = { .tv_sec = 5 };
	sigset_t all, urgent;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&urgent);
	sigaddset(&urgent, SIGURG);
	exchange->is_set_up = 1;
	for (int i = 1; i <= (long)arg; i++) {
		await_count(&exchange->n_sent, i);
		while (sigtimedwait(&urgent, NULL, &patience) != SIGURG)
			if (errno != EINTR)
				return 1;
		__atomic_store_n(&exchange->n_received, i, __ATOMIC_SEQ_CST);
	}
	return 0;
}

TEST(blocked_and_ignored_signals_are_kept_during_runs)
{
	enum { N = 1500 };
	pid_t pid, sender;
	int status;

	exchange = shared(sizeof(*exchange));
	pid = target(receive_blocked, (void *)(long)N);
	await_count(&exchange->is_set_up, 1);
	sender = fork();
	if (!sender) {
		for (int i = 1; i <= N; i++) {
			usleep(rand() % 500);
			kill(pid, SIGURG);
			__atomic_store_n(&exchange->n_sent, i, __ATOMIC_SEQ_CST);
			await_count(&exchange->n_received, i);
		}
		_exit(0);
	}
	while (waitpid(sender, &status, WNOHANG) == 0 && visit(pid, VISIT_RUN) == 0)
		;
	expect_success(pid);
	eq(exchange->n_received, N);
}

static int all_ignored(void *arg)
{
	struct sigaction act;

	(void)arg;
	for (int sig = 1; sig < 65; sig++)
		signal(sig, SIG_IGN);
	sleep_ms(200);
	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33 &&
		    (sigaction(sig, NULL, &act) || act.sa_handler != SIG_IGN))
			return 1;
	return 0;
}

TEST(all_signals_ignored)
{
	pid_t pid = target(all_ignored, NULL);

	await_state(pid, "S");
	for (int i = 0; i < 8; i++)
		eq(visit(pid, i % 4), 0);
	expect_success(pid);
}

static char alt[65536];
static volatile int handler_result = -1;
static volatile int *is_over; /* shared: it ends when all visits are done, and not in one, which would reap it */

static void on_altstack(int sig)
{
	stack_t before, after;

	(void)sig;
	sigaltstack(NULL, &before);
	for (uint64_t i = 0; !*is_over; i++)
		if (check_registers(i))
			_exit(2);
	sigaltstack(NULL, &after);
	handler_result = memcmp(&before, &after, sizeof(before)) || !(after.ss_flags & SS_ONSTACK);
}

static int use_altstack(void *arg)
{
	stack_t st = { .ss_sp = alt, .ss_size = sizeof(alt) }, now;
	struct sigaction act = { .sa_handler = on_altstack, .sa_flags = SA_ONSTACK };

	(void)arg;
	sigaltstack(&st, NULL);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	sigaltstack(NULL, &now);
	return handler_result || now.ss_sp != alt || now.ss_size != sizeof(alt) || now.ss_flags;
}

TEST(in_a_handler_on_an_alternate_stack)
{
	pid_t pid;

	is_over = shared(4096);
	pid = target(use_altstack, NULL);
	for (int i = 0; i < 40; i++)
		eq(visit(pid, i % 4), 0);
	*is_over = 1;
	expect_success(pid);
}

static int count_down(void *arg)
{
	(void)arg;
	sleep_ms(100);
	return 0;
}

TEST(stopped_by_job_control_stays_stopped)
{
	pid_t pid = target(count_down, NULL);
	int status;

	await_state(pid, "S");
	ok(!kill(pid, SIGSTOP));
	eq(waitpid(pid, &status, WUNTRACED), pid);
	ok(WIFSTOPPED(status));
	for (int i = 0; i < 8; i++) {
		eq(visit(pid, i % 4), 0);
		eq(visit_stop.kind, COMPEL_GROUP_STOPPED);
		eq(visit_stop.sig, SIGSTOP);
		await_state(pid, "T");
	}
	/* The parent has seen one stop and sees no other. */
	eq(waitpid(pid, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
	sleep_ms(150);
	await_state(pid, "T");
	ok(!kill(pid, SIGCONT));
	expect_success(pid);
}

/* SIGSTOP and SIGCONT at random moments: the visits must not hang, and the last SIGCONT counts. */
TEST(stopped_and_continued_while_visited)
{
	pid_t pid = target((int (*)(void *))check_registers_forever, NULL), sender = fork();
	int status;

	if (!sender) {
		for (int i = 0; i < 200; i++) {
			struct timespec ts = { 0, 200000 + rand() % 1000000 };

			kill(pid, i % 2 ? SIGCONT : SIGSTOP);
			nanosleep(&ts, NULL);
		}
		kill(pid, SIGCONT);
		_exit(0);
	}
	for (int i = 0; waitpid(sender, &status, WNOHANG) == 0; i++)
		eq(visit(pid, i % 4), 0);
	sleep_ms(20);
	await_state(pid, "R");
	ok(!kill(pid, SIGTERM));
	eq(waitpid(pid, &status, 0), pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void)
{
	return run_tests();
}
