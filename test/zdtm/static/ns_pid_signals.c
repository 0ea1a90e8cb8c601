// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In a nested pid namespace: signals that are pending for a process and for one of its threads, and stopped children, of
 * one of which the parent knows. All of these are put back by numbers that only this namespace has.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested pid namespaces
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static pthread_barrier_t begun, over;
static int of_thread;

static int next_value(int signo)
{
	const struct timespec none = { 0 };
	siginfo_t info;
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signo);
	return sigtimedwait(&one, &info, &none) == signo ? info.si_value.sival_int : -1;
}

static void *waits(void *arg)
{
	siginfo_t own = { .si_code = SI_QUEUE };

	own.si_value.sival_int = 7;
	SETUP(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGRTMIN + 2, &own) == 0);
	pthread_barrier_wait(&begun);
	pthread_barrier_wait(&over);
	of_thread = next_value(SIGRTMIN + 2);
	return arg;
}

static pid_t stopped_child(void)
{
	pid_t pid = fork();
	siginfo_t info;

	if (!pid)
		for (;;)
			pause();
	SETUP(pid > 0 && kill(pid, SIGSTOP) == 0 && waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT) == 0);
	return pid;
}

static bool has_report(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, pid, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == pid;
}

static void nested(void *arg)
{
	pid_t known, unknown;
	sigset_t blocked;
	pthread_t thread;

	(void)arg;
	SETUP(getpid() == 1);
	known = stopped_child();
	unknown = stopped_child();
	SETUP(has_report(known));
	sigfillset(&blocked);
	sigdelset(&blocked, SIGTERM);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	SETUP(pthread_barrier_init(&begun, NULL, 2) == 0 && pthread_barrier_init(&over, NULL, 2) == 0);
	SETUP(pthread_create(&thread, NULL, waits, NULL) == 0);
	pthread_barrier_wait(&begun);
	for (int i = 0; i < 3; i++)
		SETUP(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i }) == 0);
	zt_checkpoint();

	for (int i = 0; i < 3; i++)
		CHECK_EQ(next_value(SIGRTMIN + 1), i);
	pthread_barrier_wait(&over);
	pthread_join(thread, NULL);
	CHECK_EQ(of_thread, 7);
	CHECK(!has_report(known), "the stop that was told is told again");
	CHECK(has_report(unknown), "the stop of %d that was not told is forgotten", unknown);
	CHECK(kill(known, SIGKILL) == 0 && waitpid(known, NULL, 0) == known, "end one");
	CHECK(kill(unknown, SIGKILL) == 0 && waitpid(unknown, NULL, 0) == unknown, "end the other");
}

int main(void)
{
	pid_t pid;

	zt_init();
	pid = zt_clone_child(CLONE_NEWPID, nested, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
