/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls that are visited while they sleep go on as if nothing had happened. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "harness.h"

#define SLEEP_MS 600

static int pipe_fds[2];

static void on_signal(int sig)
{
	(void)sig;
}

/* Visit a sleeping target again and again for some time. */
static void visit_for(pid_t pid, double ms)
{
	double end = now_ms() + ms;

	await_state(pid, "S");
	for (int i = 0; now_ms() < end; i++) {
		eq(visit(pid, i % 4), 0); /* only stopped, system calls, code, both */
		sleep_ms(15);
	}
}

/* The target must end by itself, after `ms` of sleep and not much later. */
static void expect_after(pid_t pid, double start, double ms)
{
	double took;

	expect_success(pid);
	took = now_ms() - start;
	ok(took >= ms - 2);
	ok(took < ms + 300);
}

static void sleeps(int (*f)(void *))
{
	double start = now_ms();
	pid_t pid = target(f, NULL);

	/* A sleep that began anew at the last visit would end too late. */
	visit_for(pid, SLEEP_MS - 200);
	expect_after(pid, start, SLEEP_MS);
}

/* A call that lasts until something arrives; `wake` makes it arrive. */
static void waits(int (*f)(void *), void (*wake)(pid_t))
{
	pid_t pid = target(f, NULL);

	visit_for(pid, 100);
	await_state(pid, "S");	/* a signal on its way back into pause() is one that pause() misses, visit or not */
	wake(pid);
	expect_success(pid);
}

static int in_nanosleep(void *arg)
{
	struct timespec ts = { 0, SLEEP_MS * 1000000L };

	(void)arg;
	return nanosleep(&ts, NULL) ? errno : 0;
}

TEST(nanosleep_sleeps_to_its_time)
{
	sleeps(in_nanosleep);
}

static int in_clock_nanosleep_abs(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += SLEEP_MS * 1000000L;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

TEST(clock_nanosleep_absolute)
{
	sleeps(in_clock_nanosleep_abs);
}

static int in_clock_nanosleep_rel(void *arg)
{
	struct timespec ts = { 0, SLEEP_MS * 1000000L };

	(void)arg;
	return clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, NULL);
}

TEST(clock_nanosleep_relative)
{
	sleeps(in_clock_nanosleep_rel);
}

static int in_futex_timeout(void *arg)
{
	static int word;
	struct timespec ts = { 0, SLEEP_MS * 1000000L };

	(void)arg;
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ts, NULL, 0) == -1 && errno == ETIMEDOUT
		       ? 0
		       : 1;
}

TEST(futex_with_timeout)
{
	sleeps(in_futex_timeout);
}

static int in_poll_timeout(void *arg)
{
	(void)arg;
	return poll(NULL, 0, SLEEP_MS);
}

TEST(poll_with_timeout)
{
	sleeps(in_poll_timeout);
}

static int in_ppoll_timeout(void *arg)
{
	struct timespec ts = { 0, SLEEP_MS * 1000000L };
	sigset_t set;

	(void)arg;
	sigfillset(&set);
	/* The kernel writes the time left into the structure, and starts again from there. */
	return ppoll(NULL, 0, &ts, &set);
}

TEST(ppoll_with_timeout)
{
	sleeps(in_ppoll_timeout);
}

static int in_select_timeout(void *arg)
{
	struct timeval tv = { 0, SLEEP_MS * 1000 };

	(void)arg;
	return select(0, NULL, NULL, NULL, &tv);
}

TEST(select_with_timeout)
{
	sleeps(in_select_timeout);
}

static void write_pipe(pid_t pid)
{
	(void)pid;
	ok(write(pipe_fds[1], "x", 1) == 1);
}

static int in_read(void *arg)
{
	char c = 0;

	(void)arg;
	return read(pipe_fds[0], &c, 1) == 1 && c == 'x' ? 0 : 1;
}

TEST(read_on_pipe)
{
	ok(!pipe(pipe_fds));
	waits(in_read, write_pipe);
}

static int epoll_on_pipe(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, pipe_fds[0], &ev);
	return ep;
}

static int in_epoll_wait(void *arg)
{
	struct epoll_event ev;

	(void)arg;
	return epoll_wait(epoll_on_pipe(), &ev, 1, -1) == 1 ? 0 : errno;
}

TEST(epoll_wait_without_timeout)
{
	ok(!pipe(pipe_fds));
	waits(in_epoll_wait, write_pipe);
}

static int in_epoll_pwait(void *arg)
{
	struct epoll_event ev;
	sigset_t set, mask;

	(void)arg;
	sigfillset(&set);
	if (epoll_pwait(epoll_on_pipe(), &ev, 1, -1, &set) != 1)
		return 1;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGUSR1); /* the mask of before the call is back */
}

TEST(epoll_pwait_with_a_mask)
{
	ok(!pipe(pipe_fds));
	waits(in_epoll_pwait, write_pipe);
}

static void send_usr1(pid_t pid)
{
	ok(!kill(pid, SIGUSR1));
}

/* A handler must end the call with EINTR, visits or not. */
static int in_epoll_interrupted(void *arg)
{
	struct epoll_event ev;
	sigset_t set, empty;

	(void)arg;
	signal(SIGUSR1, on_signal);
	sigemptyset(&empty);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return epoll_pwait(epoll_on_pipe(), &ev, 1, -1, &empty) == -1 && errno == EINTR ? 0 : 1;
}

TEST(epoll_pwait_is_interrupted_by_a_handler)
{
	ok(!pipe(pipe_fds));
	waits(in_epoll_interrupted, send_usr1);
}

static int in_pause(void *arg)
{
	(void)arg;
	signal(SIGUSR1, on_signal);
	return pause() == -1 && errno == EINTR ? 0 : 1;
}

TEST(pause_until_a_signal)
{
	waits(in_pause, send_usr1);
}

static int in_sigsuspend(void *arg)
{
	sigset_t block, empty, mask;

	(void)arg;
	signal(SIGUSR1, on_signal);
	sigemptyset(&empty);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGUSR2);
	sigprocmask(SIG_SETMASK, &block, NULL);
	if (sigsuspend(&empty) != -1 || errno != EINTR)
		return 1;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGUSR2) &&
			       !sigismember(&mask, SIGHUP)
		       ? 0
		       : 2;
}

TEST(sigsuspend_until_a_signal)
{
	waits(in_sigsuspend, send_usr1);
}

static int in_sigtimedwait(void *arg)
{
	sigset_t block;

	(void)arg;
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_SETMASK, &block, NULL);
	return sigwaitinfo(&block, NULL) == SIGUSR1 ? 0 : errno;
}

TEST(sigtimedwait_until_its_signal)
{
	waits(in_sigtimedwait, send_usr1);
}

static int queue;

static void send_message(pid_t pid)
{
	struct {
		long type;
		char c;
	} m = { 1, 'x' };

	(void)pid;
	ok(!msgsnd(queue, &m, 1, 0));
}

static int in_msgrcv(void *arg)
{
	struct {
		long type;
		char c;
	} m;

	(void)arg;
	return msgrcv(queue, &m, 1, 0, 0) == 1 ? 0 : errno;
}

TEST(msgrcv_until_a_message)
{
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		skip("no SysV message queues in this kernel");
	waits(in_msgrcv, send_message);
	msgctl(queue, IPC_RMID, NULL);
}

static void post_semaphore(pid_t pid)
{
	struct sembuf op = { .sem_op = 1 };

	(void)pid;
	ok(!semop(queue, &op, 1));
}

static int in_semop(void *arg)
{
	struct sembuf op = { .sem_op = -1 };

	(void)arg;
	return semop(queue, &op, 1) ? errno : 0;
}

TEST(semop_until_posted)
{
	queue = semget(IPC_PRIVATE, 1, 0600);
	if (queue < 0)
		skip("no SysV semaphores in this kernel");
	waits(in_semop, post_semaphore);
	semctl(queue, 0, IPC_RMID);
}

static int in_wait4(void *arg)
{
	int status;
	pid_t child = fork();

	(void)arg;
	if (!child) {
		sleep_ms(SLEEP_MS);
		_exit(3);
	}
	return waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3 ? 0 : 1;
}

TEST(wait4_until_the_child_ends)
{
	sleeps(in_wait4);
}

static int listener;
static struct sockaddr_in addr;

static void make_listener(int backlog)
{
	socklen_t len = sizeof(addr);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok(!bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ok(!listen(listener, backlog));
	ok(!getsockname(listener, (struct sockaddr *)&addr, &len));
}

static void connect_to_it(pid_t pid)
{
	(void)pid;
	ok(!connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&addr, sizeof(addr)));
}

static int in_accept(void *arg)
{
	(void)arg;
	return accept(listener, NULL, NULL) >= 0 ? 0 : errno;
}

TEST(accept_until_connected)
{
	make_listener(5);
	waits(in_accept, connect_to_it);
}

static void accept_all(pid_t pid)
{
	(void)pid;
	fcntl(listener, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 50; i++) {
		accept(listener, NULL, NULL);
		sleep_ms(50);
	}
}

static int in_connect(void *arg)
{
	(void)arg;
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&addr, sizeof(addr))
		       ? errno
		       : 0;
}

TEST(connect_to_a_full_listener)
{
	make_listener(0);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	/* Fill the queue: further connects sleep in SYN_SENT. */
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	}
	sleep_ms(20);
	waits(in_connect, accept_all);
}

int main(void)
{
	return run_tests();
}
