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

struct job {
	void (*run)(struct job *job);
	int ready;			/* written to when the child is as it will be */
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

/* The names of files that say "ready" are numbers that several have here, so a byte through a pipe says it. */
static pid_t born(uint64_t flags, void (*run)(struct job *job))
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	struct job job = { .run = run };
	char byte;
	int p[2];
	pid_t pid;

	SETUP(pipe(p) == 0);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	SETUP(pid >= 0);
	if (!pid) {
		close(p[0]);
		job.ready = p[1];
		job.run(&job);
		_exit(zt_has_failed());
	}
	close(p[1]);
	SETUP(read(p[0], &byte, 1) == 1);
	close(p[0]);
	return pid;
}

static void checkpoint(struct job *job)
{
	SETUP(write(job->ready, "", 1) == 1);
	close(job->ready);
	zt_wait();
}

static void compare(const char *who, struct self is, struct self was)
{
	CHECK(!memcmp(&is, &was, sizeof(is)), "%s sees itself as %d, child of %d, in group %d, session %d; it was %d, %d, %d, %d",
	      who, is.pid, is.ppid, is.pgid, is.sid, was.pid, was.ppid, was.pgid, was.sid);
}

static void stays(struct job *job)
{
	struct self was = look();

	checkpoint(job);
	compare("a child", look(), was);
}

static void leads_session(struct job *job)
{
	SETUP(setsid() == getpid());
	stays(job);
}

static void leads_group(struct job *job)
{
	SETUP(setpgid(0, 0) == 0);
	stays(job);
}

static pid_t group_to_join;

static void joins_group(struct job *job)
{
	SETUP(setpgid(0, group_to_join) == 0);
	stays(job);
}

static void ends(struct job *job)
{
	SETUP(write(job->ready, "", 1) == 1);
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
static void lives(struct job *job, void (*run_inner)(struct job *job))
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
	pid_t session, lead, member, zombie, inner;
	struct self was = look();
	int p[2];
	pthread_t t;
	timer_t timer;

	signal(SIGUSR2, on_timer);
	signal(SIGIO, on_pipe);
	inner = run_inner ? born(CLONE_NEWPID, run_inner) : 0;
	SETUP(!pthread_barrier_init(&begun, NULL, 2) && !pthread_create(&t, NULL, second_thread, NULL));
	pthread_barrier_wait(&begun);
	ev._sigev_un._tid = thread_tid;
	SETUP(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	session = born(0, leads_session);
	lead = born(0, leads_group);
	group_to_join = lead;
	member = born(0, joins_group);
	zombie = born(0, ends);
	SETUP(waitid(P_PID, zombie, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) == 0);
	SETUP(pipe(p) == 0 && fcntl(p[0], F_SETOWN, getpid()) == 0 && fcntl(p[0], F_SETFL, O_ASYNC) == 0);
	checkpoint(job);

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

static void lives_inner(struct job *job)
{
	SETUP(getpid() == 1);
	lives(job, NULL);
}

static void lives_outer(struct job *job)
{
	SETUP(getpid() == 1);
	lives(job, lives_inner);
}

int main(void)
{
	pid_t first, second;

	zt_init();
	first = born(CLONE_NEWPID, lives_outer);
	SETUP(pipe(beside) == 0 && fcntl(beside[0], F_SETOWN, first) == 0 && fcntl(beside[0], F_SETFL, O_ASYNC) == 0);
	second = born(CLONE_NEWPID, lives_inner);
	close(beside[0]);
	close(beside[1]);
	zt_checkpoint();

	zt_end_child(second);
	zt_end_child(first);
	return zt_result();
}
