// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pid namespaces below the root's, two in one another and one beside them: the numbers of processes and threads at every
 * level, groups and sessions in there, zombies, a pipe whose owner and a timer whose thread are named by such numbers.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested pid namespaces
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

/* What a process is to itself. */
struct self {
	pid_t pid, ppid, pgid, sid;
};

/* Its owner is in the namespace beside: nobody else may get its signals. */
static int beside[2] = { -1, -1 };
static pthread_barrier_t begun;
static pid_t thread_tid;
static volatile pid_t timer_in, pipe_in;

static struct self look(void)
{
	return (struct self){ getpid(), getppid(), getpgid(0), getsid(0) };
}

static void compare(const char *who, struct self is, struct self was)
{
	CHECK(!memcmp(&is, &was, sizeof(is)), "%s sees itself as %d, child of %d, in group %d, session %d; it was %d, %d, %d, %d",
	      who, is.pid, is.ppid, is.pgid, is.sid, was.pid, was.ppid, was.pgid, was.sid);
}

static void stays(void *arg)
{
	struct self was = look();

	(void)arg;
	zt_checkpoint();
	compare("a child", look(), was);
}

static void leads_session(void *arg)
{
	SETUP(setsid() == getpid());
	stays(arg);
}

static void leads_group(void *arg)
{
	SETUP(setpgid(0, 0) == 0);
	stays(arg);
}

static pid_t group_to_join;

static void joins_group(void *arg)
{
	SETUP(setpgid(0, group_to_join) == 0);
	stays(arg);
}

static void ends(void *arg)
{
	(void)arg;
	zt_ready();
	_exit(7);
}

static void *second_thread(void *arg)
{
	(void)arg;
	thread_tid = syscall(SYS_gettid);
	pthread_barrier_wait(&begun);
	zt_wait();
	CHECK_EQ(syscall(SYS_gettid), thread_tid);
	pthread_barrier_wait(&begun);	/* until then the timer rings in it */
	return NULL;
}

static void on_timer(int sig)
{
	(void)sig;
	timer_in = syscall(SYS_gettid);
}

static void on_pipe(int sig)
{
	(void)sig;
	pipe_in = getpid();
}

static void ends_as_told(pid_t pid)
{
	int status = 0;

	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7, "zombie %d: status %#x", pid, status);
}

static void rings(timer_t timer, int fd)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1 };

	CHECK(timer_settime(timer, 0, &soon, NULL) == 0, "start the timer");
	CHECK(write(fd, "x", 1) == 1, "write to the pipe");
	for (int i = 0; i < 2000 && !(timer_in && pipe_in); i++)
		zt_sleep_ms(1);
	CHECK(timer_in == thread_tid, "the timer rings in %d, not in %d", timer_in, thread_tid);
	CHECK(pipe_in == getpid(), "the pipe tells %d", pipe_in);
}

static void is_deaf(int fd)
{
	pipe_in = 0;
	CHECK(write(fd, "x", 1) == 1, "write to the pipe of the namespace beside");
	zt_sleep_ms(20);
	CHECK(!pipe_in, "the pipe of the namespace beside tells %d", pipe_in);
}

/* A namespace with a thread, a session, a group of two, a zombie; and an inner one in it, or NULL. */
static void lives(void (*run_inner)(void *arg))
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
	pid_t session, lead, member, zombie, inner;
	struct self was = look();
	int p[2];
	pthread_t t;
	timer_t timer;

	signal(SIGUSR2, on_timer);
	signal(SIGIO, on_pipe);
	inner = run_inner ? zt_clone_child(CLONE_NEWPID, run_inner, NULL) : 0;
	SETUP(!pthread_barrier_init(&begun, NULL, 2) && !pthread_create(&t, NULL, second_thread, NULL));
	pthread_barrier_wait(&begun);
	ev._sigev_un._tid = thread_tid;
	SETUP(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	session = zt_clone_child(0, leads_session, NULL);
	lead = zt_clone_child(0, leads_group, NULL);
	group_to_join = lead;
	member = zt_clone_child(0, joins_group, NULL);
	zombie = zt_clone_child(0, ends, NULL);
	SETUP(waitid(P_PID, zombie, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
	SETUP(pipe(p) == 0 && fcntl(p[0], F_SETOWN, getpid()) == 0 && fcntl(p[0], F_SETFL, O_ASYNC) == 0);
	zt_checkpoint();

	compare("an init", look(), was);
	rings(timer, p[1]);
	if (beside[1] >= 0)
		is_deaf(beside[1]);
	pthread_barrier_wait(&begun);
	CHECK(!pthread_join(t, NULL), "the thread");
	zt_end_child(session);
	zt_end_child(member);
	zt_end_child(lead);
	ends_as_told(zombie);
	if (inner)
		zt_end_child(inner);
}

static void lives_inner(void *arg)
{
	(void)arg;
	SETUP(getpid() == 1);
	lives(NULL);
}

static void lives_outer(void *arg)
{
	(void)arg;
	SETUP(getpid() == 1);
	lives(lives_inner);
}

int main(void)
{
	pid_t first, second;

	zt_init();
	first = zt_clone_child(CLONE_NEWPID, lives_outer, NULL);
	SETUP(pipe(beside) == 0 && fcntl(beside[0], F_SETOWN, first) == 0 && fcntl(beside[0], F_SETFL, O_ASYNC) == 0);
	second = zt_clone_child(CLONE_NEWPID, lives_inner, NULL);
	close(beside[0]);
	close(beside[1]);
	zt_checkpoint();

	zt_end_child(second);
	zt_end_child(first);
	return zt_result();
}
