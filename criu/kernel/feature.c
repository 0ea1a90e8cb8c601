/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes. Each does the thing itself, on an object of its own, and never asks for a version. */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/own.h"
#include "kernel/feature.h"
#include "kernel/read.h"

#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77	/* linux/prctl.h of 6.15 */
#endif
#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f	/* linux/ptrace.h of 5.13 */
#endif
#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)	/* linux/timerfd.h */
#endif

/* 0 or -errno of a call that gives -1 for an error. */
static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int readable(const char *path)
{
	return result(access(path, R_OK));
}

static int fdinfo_has(int fd, const char *word)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/self/fdinfo/%d", fd);

	return err ? err : strstr(text.s, word) ? 0 : -ENOENT;
}

static int probe_map_files(void)
{
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[80];
	int fd, err;

	if (p == MAP_FAILED)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)p, (unsigned long)p + PAGE_SIZE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = result(fd);
	if (fd >= 0)
		close(fd);
	munmap(p, PAGE_SIZE);
	return err;
}

static int probe_kcmp(void)
{
	return result(syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0));
}

static int probe_kcmp_epoll(void)
{
	auto_fd int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(0, EFD_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	struct kcmp_epoll_slot slot = { .efd = ep, .tfd = ev };

	if (ep < 0 || ev < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) < 0)
		return -errno;
	return result(syscall(SYS_kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, ev, &slot));
}

static int probe_pidfd_getfd(void)
{
	auto_fd int pidfd = syscall(SYS_pidfd_open, getpid(), 0), copy = -1;

	if (pidfd < 0)
		return -errno;
	copy = syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);
	return result(copy);
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

/* Runs ask(pid) on a stopped child of our own. */
static int ask_tracee(int (*ask)(pid_t pid))
{
	pid_t pid = fork();
	int err;

	if (!pid)
		for (;;)
			pause();
	if (pid < 0)
		return -errno;
	err = result(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	if (!err)
		err = result(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	if (!err && waitpid(pid, NULL, __WALL) == pid)
		err = ask(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return err;
}

static int ask_peeksiginfo(pid_t pid)
{
	struct __ptrace_peeksiginfo_args args = { .nr = 1 };
	siginfo_t info;

	return result(ptrace(PTRACE_PEEKSIGINFO, pid, &args, &info));
}

static int ask_suspend_seccomp(pid_t pid)
{
	return result(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)PTRACE_O_SUSPEND_SECCOMP));
}

static int ask_filter(pid_t pid)
{
	/* Index 0 of a task without filters: ENOENT, or EINVAL before; only a kernel without the call says EIO. */
	int err = result(ptrace(PTRACE_SECCOMP_GET_FILTER, pid, NULL, NULL));

	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

static int ask_rseq(pid_t pid)
{
	char conf[32];

	return result(ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, sizeof(conf), conf));
}

static int probe_peeksiginfo(void)
{
	return ask_tracee(ask_peeksiginfo);
}

static int probe_suspend_seccomp(void)
{
	return ask_tracee(ask_suspend_seccomp);
}

static int probe_filters(void)
{
	return ask_tracee(ask_filter);
}

static int probe_rseq(void)
{
	return ask_tracee(ask_rseq);
}

/* An impossible map: a kernel that knows PR_SET_MM_MAP complains about its contents. */
static int probe_set_mm(void)
{
	unsigned int size = 0;

	return result(prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0));
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
	err = result(syscall(SYS_rt_sigqueueinfo, getpid(), SIGCHLD, &info));
	sigtimedwait(&set, NULL, &now);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int probe_fdinfo(void)
{
	auto_fd int fd = eventfd(7, EFD_CLOEXEC);

	return fd < 0 ? -errno : fdinfo_has(fd, "eventfd-count");
}

static int probe_mnt_id(void)
{
	auto_fd int fd = eventfd(7, EFD_CLOEXEC);

	return fd < 0 ? -errno : fdinfo_has(fd, "mnt_id");
}

static int probe_timerfd(void)
{
	auto_fd int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	uint64_t ticks = 3;

	return fd < 0 ? -errno : result(ioctl(fd, TFD_IOC_SET_TICKS, &ticks));
}

static int probe_timer_ids(void)
{
	int err = result(prctl(PR_TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0));

	if (!err)
		prctl(PR_TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0);
	return err;
}

static int probe_vdso(void)
{
	/* There is a vDSO already, so a kernel that knows the call says EEXIST. */
	long r = syscall(SYS_arch_prctl, ARCH_MAP_VDSO_64, 0UL);

	return r < 0 && errno != EEXIST ? -errno : 0;
}

static int open_uffd(uint64_t wanted)
{
	auto_fd int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		return -errno;
	return (api.features & wanted) == wanted ? 0 : -EOPNOTSUPP;
}

static int probe_uffd(void)
{
	return open_uffd(0);
}

static int probe_uffd_noncoop(void)
{
	return open_uffd(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_UNMAP |
			 UFFD_FEATURE_EVENT_REMOVE);
}

/* linux/fs.h of 6.7 */
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

static int scan_own_page(uint64_t category)
{
	auto_fd int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t out[3];
	struct scan_arg arg = {
		.size = sizeof(arg), .vec = (uintptr_t)out, .vec_len = 1, .return_mask = category,
		.start = (uintptr_t)&arg & ~(PAGE_SIZE - 1),
	};

	arg.end = arg.start + PAGE_SIZE;
	return fd < 0 ? -errno : result(ioctl(fd, SCAN_IOCTL, &arg));
}

static int probe_pagemap_scan(void)
{
	return scan_own_page(1 << 3);	/* PAGE_IS_PRESENT */
}

static int probe_guard_pages(void)
{
	return scan_own_page(1 << 8);	/* PAGE_IS_GUARD */
}

/* A page that was just written reads as dirty where dirty bits are kept; clear_refs alone succeeds everywhere. */
static int probe_soft_dirty(void)
{
	auto_fd int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	static volatile char page[PAGE_SIZE];	/* written here, by no one else, because the probe needs a page */
	uint64_t entry;

	page[0]++;
	if (fd < 0 || pread(fd, &entry, sizeof(entry), (uintptr_t)page / PAGE_SIZE * 8) != sizeof(entry))
		return -errno;
	return entry >> 55 & 1 ? 0 : -EOPNOTSUPP;
}

static int probe_loginuid(void)
{
	return result(access("/proc/self/loginuid", R_OK | W_OK));
}

static int probe_children(void)
{
	return readable("/proc/thread-self/children");
}

static int probe_memfd_hugetlb(void)
{
	auto_fd int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);

	return result(fd);
}

static int probe_openat2(void)
{
	struct { uint64_t flags, mode, resolve; } how = { .flags = O_PATH | O_CLOEXEC };
	auto_fd int fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	return result(fd);
}

static int probe_proc_stat(void)
{
	return readable("/proc/self/stat");
}

const struct feature features[] = {
	{ "map_files", FEATURE_BASIC, "mapped files cannot be identified", probe_map_files },
	{ "children", FEATURE_BASIC, "the children of a process cannot be listed", probe_children },
	{ "kcmp", FEATURE_BASIC, "sharing of descriptors cannot be seen", probe_kcmp },
	{ "pidfd_getfd", FEATURE_BASIC, "descriptors cannot be read", probe_pidfd_getfd },
	{ "clone3_set_tid", FEATURE_BASIC, "processes cannot get their pids back", probe_set_tid },
	{ "prctl", FEATURE_BASIC, "the layout of memory cannot be set", probe_set_mm },
	{ "fdinfo", FEATURE_BASIC, "eventfd, epoll and their like cannot be read", probe_fdinfo },
	{ "stat", FEATURE_BASIC, "processes cannot be described", probe_proc_stat },
	{ "sigqueueinfo", FEATURE_BASIC, "pending signals cannot be queued again", probe_sigqueue },
	{ "peeksiginfo", FEATURE_BASIC, "pending signals cannot be read", probe_peeksiginfo },
	{ "mnt_id", FEATURE_EXTRA, "files under other mounts may be mistaken", probe_mnt_id },
	{ "timerfd", FEATURE_EXTRA, "expirations of a timerfd that were not read yet are lost", probe_timerfd },
	{ "seccomp_suspend", FEATURE_EXTRA, "tasks with seccomp filters cannot be dumped", probe_suspend_seccomp },
	{ "seccomp_filters", FEATURE_EXTRA, "tasks with seccomp filters cannot be dumped", probe_filters },
	{ "loginuid", FEATURE_EXTRA, "the login uid is not restored", probe_loginuid },
	{ "kcmp_epoll", FEATURE_EXTRA, "epoll targets whose descriptor was closed are not found", probe_kcmp_epoll },
	{ "can_map_vdso", FEATURE_EXTRA, "programs without a vDSO cannot be given one", probe_vdso },
	{ "get_rseq_conf", FEATURE_EXTRA, "rseq registrations cannot be read", probe_rseq },
	{ "pagemap_scan", FEATURE_EXTRA, "finding pages is slower", probe_pagemap_scan },
	{ "pagemap_scan_guard_pages", FEATURE_EXTRA, "guard regions cannot be seen", probe_guard_pages },
	{ "timer_cr_ids", FEATURE_EXTRA, "timers with high ids take long to restore", probe_timer_ids },
	{ "uffd", FEATURE_EXTRA, "filling memory is slower", probe_uffd },
	{ "openat2", FEATURE_EXTRA, "paths are resolved step by step", probe_openat2 },
	{ "uffd-noncoop", FEATURE_EXPERIMENTAL, "post-copy migration is not possible", probe_uffd_noncoop },
	{ "mem_dirty_track", FEATURE_EXPERIMENTAL, "soft-dirty tracking is not possible", probe_soft_dirty },
	{ "memfd_hugetlb", FEATURE_EXPERIMENTAL, "hugetlb memfds cannot be made", probe_memfd_hugetlb },
};
const size_t n_features = array_size(features);
