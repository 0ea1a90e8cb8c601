/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sleeping until a tracee has something to report.
 *
 * waitpid(2) wakes the one thread that waits for that tracee, and nothing else has to be set up: a
 * stop by way of it takes half as long as by way of sigtimedwait(2), where a timer is programmed for
 * each, and several OS threads do not take each other's signals. What it lacks is an end: a tick, a
 * signal that is open only here, interrupts it now and then.
 */
#include "sleep.h"
#include <compel/thread.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define NS_BETWEEN_TICKS 4000000

/* Of each OS thread, because a timer interrupts the one it was made for, and no other. */
static __thread struct {
	bool is_on;
	timer_t timer;
	sigset_t tick;
} sleeper;

/* That it comes is all: a call that sleeps ends with EINTR. */
static void note_tick(int sig)
{
	(void)sig;
}

static int start_timer(int signo)
{
	struct sigevent to_us = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signo };
	const struct timespec ns = { .tv_nsec = NS_BETWEEN_TICKS };
	const struct itimerspec often = { ns, ns };

	to_us.sigev_notify_thread_id = syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &to_us, &sleeper.timer) < 0)
		return -errno;
	if (timer_settime(sleeper.timer, 0, &often, NULL) == 0)
		return 0;
	timer_delete(sleeper.timer);
	return -errno;
}

int compel_wait_asleep(int signo)
{
	struct sigaction quiet = { .sa_handler = note_tick }; /* no SA_RESTART */
	int err;

	sigemptyset(&sleeper.tick);
	sigaddset(&sleeper.tick, signo);
	if (sigaction(signo, &quiet, NULL) < 0)
		return -errno;
	err = pthread_sigmask(SIG_BLOCK, &sleeper.tick, NULL);
	err = err ? -err : start_timer(signo);
	sleeper.is_on = !err;
	return err;
}

void compel_wait_awake(void)
{
	if (sleeper.is_on)
		timer_delete(sleeper.timer);
	sleeper.is_on = false;
}

bool can_sleep(void)
{
	return sleeper.is_on;
}

int sleep_for(pid_t tid, int *ret_status)
{
	pid_t got;
	int err;

	pthread_sigmask(SIG_UNBLOCK, &sleeper.tick, NULL);
	got = waitpid(tid, ret_status, __WALL | __WNOTHREAD);
	err = errno;
	pthread_sigmask(SIG_BLOCK, &sleeper.tick, NULL);
	if (got >= 0)
		return 0;
	return err == EINTR ? -EAGAIN : err == ECHILD ? -ESRCH : -err;
}

pid_t sleep_for_any(void)
{
	siginfo_t info;
	int got;

	pthread_sigmask(SIG_UNBLOCK, &sleeper.tick, NULL);
	got = waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD);
	pthread_sigmask(SIG_BLOCK, &sleeper.tick, NULL);
	return got < 0 ? -EAGAIN : info.si_pid;
}
