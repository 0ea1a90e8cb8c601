/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resuming a tracee and waiting for its stops. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <compel/thread.h>
#include "arch.h"
#include "sleep.h"
#include "wait.h"

#define N_YIELDS \
	200 /* about 100 us: longer than a wake-up across CPUs takes, even in a virtual machine */
#define US_BETWEEN_LOOKS 4000
#define US_VFORK	 50000 /* a child that runs would have called exec */

enum event event_of(int status)
{
	if (WIFEXITED(status) || WIFSIGNALED(status))
		return EVENT_DEAD;
	if (status >> 16 == PTRACE_EVENT_STOP)
		return EVENT_STOP;
	if (status >> 16)
		return EVENT_OTHER;
	return WSTOPSIG(status) == (SIGTRAP | 0x80) ? EVENT_SYSCALL : EVENT_SIGNAL;
}

int event_signal(int status)
{
	return WSTOPSIG(status);
}

bool read_proc(pid_t tid, const char *name, char *ret_text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, ret_text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	ret_text[n] = 0;
	return true;
}

bool is_zombie(pid_t tid)
{
	char text[256];
	const char *state;

	if (!read_proc(tid, "stat", text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	return state && (state[2] == 'Z' || state[2] == 'X');
}

/*
 * A task that waits for a child of vfork() takes no signal but SIGKILL, and no stop
 * (wait_for_vfork_done()).
 */
static bool is_in_vfork(pid_t tid)
{
	unsigned long arg;
	char text[256];
	long nr;

	if (!read_proc(tid, "syscall", text, sizeof(text)) ||
	    sscanf(text, "%ld %lx", &nr, &arg) != 2)
		return false;
	if (nr == SYS_clone3) { /* its argument is the address of the flags */
		unsigned long flags = 0;
		struct iovec to = { &flags, sizeof(flags) }, from = { (void *)arg, sizeof(flags) };

		return process_vm_readv(tid, &to, 1, &from, 1, 0) == sizeof(flags) &&
		       (flags & CLONE_VFORK);
	}
	return arch_is_vfork(nr, arg);
}

int poll_tracee(pid_t tid, int *ret_status)
{
	pid_t got;

	do
		got = waitpid(tid, ret_status, __WALL | WNOHANG);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECHILD ? -ESRCH : -errno;
	return got ? 0 : -EAGAIN;
}

static unsigned long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ul + ts.tv_nsec / 1000;
}

/* For who has slept already. */
static void count_sleep(struct patience *w)
{
	if (!w->us_begin)
		w->us_begin = now_us();
	w->us = now_us() - w->us_begin;
}

static void pass_time(struct patience *w)
{
	unsigned int us = w->n_tries < 2 * N_YIELDS ? 20 : 500;
	struct timespec ts = { .tv_nsec = us * 1000 };

	if (w->n_tries <= N_YIELDS) {
		sched_yield();
		return;
	}
	nanosleep(&ts, NULL);
	w->us += us;
}

bool wait_a_little(struct patience *w)
{
	w->n_tries++;
	if (can_sleep())
		count_sleep(w);
	else
		pass_time(w);
	if (w->us < w->us_next_look || !w->us)
		return false;
	w->us_next_look = w->us + US_BETWEEN_LOOKS;
	return true;
}

/*
 * Writable because who waits at the bottom is not handed what the caller knows: whether its user
 * still wants to wait.
 */
static bool (*is_wait_over)(void);

void compel_give_up_when(bool (*is_over)(void))
{
	is_wait_over = is_over;
}

bool is_given_up(void)
{
	return is_wait_over && is_wait_over();
}

/*
 * A blocking waitpid() alone would be simpler, and hangs: when a group leader exits before its threads,
 * the kernel reports it only after they are all gone (delay_group_leader()), and we are the ones
 * who hold them.
 */
int wait_tracee(pid_t tid, unsigned long us_patience, int *ret_status)
{
	struct patience w = { 0 };

	for (;;) {
		int err = can_sleep() ? sleep_for(tid, ret_status) : poll_tracee(tid, ret_status);

		if (err != -EAGAIN)
			return err;
		if (!wait_a_little(&w))
			continue;
		if (is_zombie(tid)) {
			err = poll_tracee(
				tid, ret_status); /* it may just have become one, and reportable */
			return err == -EAGAIN ? -EOWNERDEAD : err;
		}
		if (w.us >= US_VFORK && is_in_vfork(tid))
			return -EDEADLK;
		if (w.us >= us_patience && is_given_up())
			return -ECANCELED;
	}
}

int resume(pid_t tid, int request, int sig)
{
	return ptrace(request, tid, 0, (unsigned long)sig) < 0 ? -errno : 0;
}

int get_sigmask(pid_t tid, uint64_t *ret_mask)
{
	return ptrace(PTRACE_GETSIGMASK, tid, sizeof(*ret_mask), ret_mask) < 0 ? -errno : 0;
}

int set_sigmask(pid_t tid, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask) < 0 ? -errno : 0;
}

/*
 * ptrace_signal() in the kernel queues a signal again, with its siginfo, when it finds it blocked
 * after the stop. The caller puts the mask back later. SIGSTOP cannot be blocked: passing it on
 * starts the job control stop it stands for, which is what would have happened without us, and runs
 * no code of the target.
 */
int requeue_signal(pid_t tid, int sig, int request)
{
	if (sig != SIGSTOP) {
		uint64_t mask;
		int err = get_sigmask(tid, &mask);

		if (!err)
			err = set_sigmask(tid, mask | sig_bit(sig));
		if (err)
			return err;
	}
	return resume(tid, request, sig);
}

int resume_until(pid_t tid, int request, enum event want, int *ret_status)
{
	int err = resume(tid, request, 0);

	for (;;) {
		enum event e;

		if (!err)
			err = wait_tracee(tid, US_STUCK, ret_status);
		if (err)
			return err == -EOWNERDEAD ? -ESRCH : err;
		e = event_of(*ret_status);
		if (e == EVENT_DEAD)
			return -ESRCH;
		if (e == want)
			return 0;
		/* Any stop uses up a request for EVENT_STOP. */
		if (want == EVENT_STOP && ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
			return -errno;
		if (e == EVENT_SIGNAL)
			err = requeue_signal(tid, event_signal(*ret_status), request);
		else
			err = resume(tid, request, 0);
	}
}
