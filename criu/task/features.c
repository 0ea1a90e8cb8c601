/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the state of tasks needs of a kernel. */
#include <errno.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/own.h"
#include "kernel/feature.h"
#include "kernel/read.h"
#include "task/features.h"

#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77	/* linux/prctl.h of 6.15 */
#endif
#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f	/* linux/ptrace.h of 5.13 */
#endif

static int probe_kcmp(void)
{
	return feature_result(syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0));
}

/* A child with a chosen pid: the pid of a child that has just been reaped is free. */
static int probe_set_tid(void)
{
	pid_t tid = fork();
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&tid, .set_tid_size = 1 };
	pid_t got;

	if (!tid)
		_exit(0);
	if (tid < 0 || waitpid(tid, NULL, 0) < 0)
		return -errno;
	got = syscall(SYS_clone3, &args, sizeof(args));
	if (!got)
		_exit(0);
	if (got < 0)
		return errno == EEXIST ? 0 : -errno;	/* somebody took it: the kernel knows how to choose */
	waitpid(got, NULL, 0);
	return 0;
}

static int ask_peeksiginfo(pid_t pid)
{
	struct __ptrace_peeksiginfo_args args = { .nr = 1 };
	siginfo_t info;

	return feature_result(ptrace(PTRACE_PEEKSIGINFO, pid, &args, &info));
}

static int ask_suspend_seccomp(pid_t pid)
{
	return feature_result(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)PTRACE_O_SUSPEND_SECCOMP));
}

static int ask_filter(pid_t pid)
{
	/* Index 0 of a task without filters: ENOENT, or EINVAL before; only a kernel without the call says EIO. */
	int err = feature_result(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, NULL, NULL));

	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

static int ask_rseq(pid_t pid)
{
	char conf[32];

	return feature_result(ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, sizeof(conf), conf));
}

static int probe_peeksiginfo(void)
{
	return feature_of_tracee(ask_peeksiginfo);
}

static int probe_suspend_seccomp(void)
{
	return feature_of_tracee(ask_suspend_seccomp);
}

static int probe_filters(void)
{
	return feature_of_tracee(ask_filter);
}

static int probe_rseq(void)
{
	return feature_of_tracee(ask_rseq);
}

/* An impossible map: a kernel that knows PR_SET_MM_MAP complains about its contents. */
static int probe_set_mm(void)
{
	unsigned int size = 0;

	return feature_result(prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0));
}

static int probe_sigqueue(void)
{
	siginfo_t info = { .si_signo = SIGCHLD, .si_code = SI_USER };
	sigset_t set, old;
	struct timespec now = { 0 };
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	err = feature_result(syscall(SYS_rt_sigqueueinfo, getpid(), SIGCHLD, &info));
	sigtimedwait(&set, NULL, &now);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int probe_timer_ids(void)
{
	int err = feature_result(prctl(PR_TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0));

	if (!err)
		prctl(PR_TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0);
	return err;
}

static int probe_loginuid(void)
{
	return feature_result(access("/proc/self/loginuid", R_OK | W_OK));
}

static int probe_children(void)
{
	return feature_readable("/proc/thread-self/children");
}

static int probe_proc_stat(void)
{
	return feature_readable("/proc/self/stat");
}

static int probe_apparmor_stacking(void)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/sys/kernel/security/apparmor/features/domain/stack");

	return err ? err : strstr(text.s, "yes") ? 0 : -EOPNOTSUPP;
}

const struct feature task_features[] = {
	{ "children", FEATURE_BASIC, "the children of a process cannot be listed", probe_children },
	{ "kcmp", FEATURE_BASIC, "sharing of descriptors cannot be seen", probe_kcmp },
	{ "clone3_set_tid", FEATURE_BASIC, "processes cannot get their pids back", probe_set_tid },
	{ "prctl", FEATURE_BASIC, "the layout of memory cannot be set", probe_set_mm },
	{ "stat", FEATURE_BASIC, "processes cannot be described", probe_proc_stat },
	{ "sigqueueinfo", FEATURE_BASIC, "pending signals cannot be queued again", probe_sigqueue },
	{ "peeksiginfo", FEATURE_BASIC, "pending signals cannot be read", probe_peeksiginfo },
	{ "seccomp_suspend", FEATURE_EXTRA, "tasks with seccomp filters cannot be dumped", probe_suspend_seccomp },
	{ "seccomp_filters", FEATURE_EXTRA, "tasks with seccomp filters cannot be dumped", probe_filters },
	{ "loginuid", FEATURE_EXTRA, "the login uid is not restored", probe_loginuid },
	{ "get_rseq_conf", FEATURE_EXTRA, "rseq registrations cannot be read", probe_rseq },
	{ "timer_cr_ids", FEATURE_EXTRA, "timers with high ids take long to restore", probe_timer_ids },
	{ "apparmor_stacking", FEATURE_NAMED, "stacked AppArmor profiles cannot be told apart", probe_apparmor_stacking },
	{ 0 },
};
