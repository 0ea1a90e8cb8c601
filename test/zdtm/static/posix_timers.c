// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POSIX timers: sparse ids, all ways to notify, clocks, time left, interval, overrun, and expiry
 * afterwards.
 */
#include <linux/types.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

/* glibc hides the kernel's ids behind pointers: the bare calls */
typedef int kernel_timer;
static _Atomic int fired;
static _Atomic int fired_value;

static void on_fire(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fired_value = info->si_value.sival_int;
	fired++;
}

static kernel_timer create(clockid_t clock, int notify, int sig, int value)
{
	struct sigevent event = { .sigev_notify = notify,
				  .sigev_signo = sig,
				  .sigev_value.sival_int = value };
	kernel_timer id = -1;

	if (notify == SIGEV_THREAD_ID)
		event._sigev_un._tid = gettid();
	SETUP(syscall(SYS_timer_create, clock, &event, &id) == 0);
	return id;
}

static void arm(kernel_timer id, int flags, long value_ms, long interval_ms)
{
	struct itimerspec when = { { interval_ms / 1000, interval_ms % 1000 * 1000000 },
				   { value_ms / 1000, value_ms % 1000 * 1000000 } };

	if (flags & TIMER_ABSTIME)
		when.it_value.tv_sec += (time_t)(zt_now_ns(CLOCK_MONOTONIC) / 1000000000u);
	SETUP(syscall(SYS_timer_settime, id, flags, &when, NULL) == 0);
}

static void check_left(const char *name, kernel_timer id, long sec, long interval_ms)
{
	struct itimerspec now;

	if (syscall(SYS_timer_gettime, id, &now) < 0) {
		CHECK(false, "%s: timer %d is gone", name, id);
		return;
	}
	CHECK(now.it_value.tv_sec <= sec && now.it_value.tv_sec > sec - 60,
	      "%s: %lld s left, should be %ld", name, (long long)now.it_value.tv_sec, sec);
	CHECK(now.it_interval.tv_sec * 1000 + now.it_interval.tv_nsec / 1000000 == interval_ms,
	      "%s: interval", name);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_fire, .sa_flags = SA_SIGINFO };
	kernel_timer sparse[8], by_signal, by_tid, none, cpu, absolute, quick, off;
	struct itimerspec now;
	sigset_t mask;

	zt_init();
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	for (int i = 0; i < 8; i++)
		sparse[i] = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
	for (int i = 0; i < 8; i += 2)
		SETUP(syscall(SYS_timer_delete, sparse[i]) == 0);
	by_signal = create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 11);
	by_tid = create(CLOCK_BOOTTIME, SIGEV_THREAD_ID, SIGUSR1, 12);
	none = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 13);
	cpu = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 14);
	absolute = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 15);
	off = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 16);
	arm(by_signal, 0, 1000000, 1500);
	arm(by_tid, 0, 2000000, 0);
	arm(none, 0, 3000000, 250);
	arm(cpu, 0, 4000000, 0);
	arm(absolute, TIMER_ABSTIME, 5000000, 0);
	/* blocked while it expires many times: one signal, the rest is overrun */
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	quick = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 17);
	arm(quick, 0, 1, 2);
	zt_sleep_ms(50);
	zt_checkpoint();

	for (int i = 0; i < 8; i++)
		CHECK((syscall(SYS_timer_gettime, sparse[i], &now) == 0) == (i % 2 == 1),
		      "timer id %d", sparse[i]);
	check_left("signal", by_signal, 1000, 1500);
	check_left("thread", by_tid, 2000, 0);
	check_left("none", none, 3000, 250);
	check_left("cpu", cpu, 4000, 0);
	check_left("absolute", absolute, 5000, 0);
	CHECK(!syscall(SYS_timer_gettime, off, &now) && !now.it_value.tv_sec &&
		      !now.it_value.tv_nsec,
	      "off is armed");
	CHECK_EQ(fired, 0);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	CHECK(fired >= 1 && fired_value == 17, "the pending expiry is lost: %d", fired);
	zt_sleep_ms(20);
	CHECK(fired >= 3, "the quick timer is dead: %d", fired);
	syscall(SYS_timer_delete, quick);
	arm(by_tid, 0, 1, 0);
	zt_sleep_ms(20);
	CHECK_EQ(fired_value, 12);
	return zt_result();
}
