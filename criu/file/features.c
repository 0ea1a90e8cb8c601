/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What open files need of a kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/own.h"
#include "file/features.h"
#include "kernel/feature.h"

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)	/* linux/timerfd.h */
#endif

static int probe_kcmp_epoll(void)
{
	auto_fd int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(0, EFD_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	struct kcmp_epoll_slot slot = { .efd = ep, .tfd = ev };

	if (ep < 0 || ev < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) < 0)
		return -errno;
	return feature_result(syscall(SYS_kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, ev, &slot));
}

static int probe_pidfd_getfd(void)
{
	auto_fd int pidfd = syscall(SYS_pidfd_open, getpid(), 0), copy = -1;

	if (pidfd < 0)
		return -errno;
	copy = syscall(SYS_pidfd_getfd, pidfd, pidfd, 0);
	return feature_result(copy);
}

static int probe_fdinfo(void)
{
	auto_fd int fd = eventfd(7, EFD_CLOEXEC);

	return fd < 0 ? -errno : feature_fdinfo_has(fd, "eventfd-count");
}

static int probe_mnt_id(void)
{
	auto_fd int fd = eventfd(7, EFD_CLOEXEC);

	return fd < 0 ? -errno : feature_fdinfo_has(fd, "mnt_id");
}

static int probe_timerfd(void)
{
	auto_fd int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	uint64_t ticks = 3;

	return fd < 0 ? -errno : feature_result(ioctl(fd, TFD_IOC_SET_TICKS, &ticks));
}

static int probe_openat2(void)
{
	struct { uint64_t flags, mode, resolve; } how = { .flags = O_PATH | O_CLOEXEC };
	auto_fd int fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	return feature_result(fd);
}

static int probe_fdinfo_lock(void)
{
	auto_fd int fd = memfd_create("probe", MFD_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -errno;
	return feature_fdinfo_has(fd, "lock:");
}

static int probe_semaphore_shown(void)
{
	auto_fd int fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);

	return fd < 0 ? -errno : feature_fdinfo_has(fd, "eventfd-semaphore");
}

const struct feature file_features[] = {
	{ "pidfd_getfd", FEATURE_BASIC, "descriptors cannot be read", probe_pidfd_getfd },
	{ "fdinfo", FEATURE_BASIC, "eventfd, epoll and their like cannot be read", probe_fdinfo },
	{ "mnt_id", FEATURE_EXTRA, "files under other mounts may be mistaken", probe_mnt_id },
	{ "timerfd", FEATURE_EXTRA, "expirations of a timerfd that were not read yet are lost", probe_timerfd },
	{ "kcmp_epoll", FEATURE_EXTRA, "epoll targets whose descriptor was closed are not found", probe_kcmp_epoll },
	{ "openat2", FEATURE_EXTRA, "paths are resolved step by step", probe_openat2 },
	{ "fdinfo_lock", FEATURE_EXTRA, "file locks cannot be seen", probe_fdinfo_lock },
	{ "eventfd-semaphore", FEATURE_EXTRA, "eventfds in semaphore mode come back as counters", probe_semaphore_shown },
	{ "pidfd_store", FEATURE_NAMED, "pidfds cannot be kept while pids are reused", probe_pidfd_getfd },
	{ 0 },
};
