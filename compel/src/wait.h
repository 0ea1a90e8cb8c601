/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* wait.h: resume a tracee, take what it reports, lose no signal */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum event {
	EVENT_STOP,		/* PTRACE_EVENT_STOP: in get_signal(), where calls restart */
	EVENT_SYSCALL,		/* entry to or exit from a system call */
	EVENT_SIGNAL,		/* a signal is about to be delivered */
	EVENT_DEAD,		/* gone; its status is taken */
	EVENT_OTHER,
};

enum event event_of(int status);
int event_signal(int status);

/*
 * 0 and a status; -EAGAIN (poll only): nothing yet; -EDEADLK: waits for a child of vfork;
 * -EOWNERDEAD: zombie leader; -ESRCH: not ours.
 */
int poll_tracee(pid_t tid, int *ret_status);
/*
 * compel_give_up_when() counts from us_patience on. A thread whose registers are ours for the moment
 * must not be left for being slow on a busy machine, only for being stuck.
 */
#define US_STUCK 2000000
int wait_tracee(pid_t tid, unsigned long us_patience, int *ret_status);

/*
 * Waiting in a row for somebody else to make progress. Who can sleep has slept before (sleep.h), and
 * time is only counted here; else first the CPU is offered, then time passes. True now and then: so
 * much time has passed since the last look around that another one pays.
 */
struct patience {
	unsigned int n_tries;
	unsigned long us, us_next_look; /* us: waited so far, at least */
	unsigned long us_begin;		/* of who sleeps: when the first sleep had ended */
};
bool wait_a_little(struct patience *w);
bool is_given_up(void); /* compel_give_up_when() */

int resume(pid_t tid, int request, int sig);

/*
 * Leave a signal-delivery-stop by `request`, with the signal back in the queue (SIGSTOP: it acts,
 * nothing else can).
 */
int requeue_signal(pid_t tid, int sig, int request);

/*
 * Resume by `request`, pass over whatever comes, until `want` is reported; requested stops are
 * asked for again.
 */
int resume_until(pid_t tid, int request, enum event want, int *ret_status);

/* A small file of /proc/TID as text, cut to `size`. False: it cannot be read, or is empty. */
bool read_proc(pid_t tid, const char *name, char *ret_text, size_t size);

int get_sigmask(pid_t tid, uint64_t *ret_mask);
int set_sigmask(pid_t tid, uint64_t mask);
bool is_zombie(pid_t tid);

static inline uint64_t sig_bit(int sig)
{
	return 1ULL << (sig - 1);
}
