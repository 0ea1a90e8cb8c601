/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What namespaces and mounts need of a kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/own.h"
#include "kernel/feature.h"
#include "kernel/read.h"
#include "ns/features.h"
#include "ns/pid_owned.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#undef MOVE_MOUNT_SET_GROUP
#define MOVE_MOUNT_SET_GROUP 0x100	/* linux/mount.h of 5.15 */
enum { FROM_AND_TO_EMPTY = 0x44 };	/* MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH */

static int nothing(void)
{
	return 0;
}

static int probe_user(void)
{
	return feature_in_child(CLONE_NEWUSER, nothing);
}

static int probe_cgroup(void)
{
	return feature_in_child(CLONE_NEWCGROUP, nothing);
}

static int probe_time(void)
{
	return feature_in_child(CLONE_NEWTIME, nothing);
}

static int probe_ns_pid(void)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/self/status");

	return err ? err : strstr(text.s, "\nNSpid:") ? 0 : -ENOENT;
}

/* Of one that has an init, here: what is asked is whether the kernel knows the question. */
static int probe_pid_owner(void)
{
	auto_fd int fd = pid_owned_open(0);

	return min(fd, 0);
}

static int probe_net_owner(void)
{
	auto_fd int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), owner = -1;

	if (fd < 0)
		return -errno;
	owner = ioctl(fd, NS_GET_USERNS);
	return feature_result(owner);
}

/* Descriptors that are none: a kernel that knows the flag looks at them, another one says EINVAL first. */
static int probe_set_group(void)
{
	long r = syscall(SYS_move_mount, -1, "", -1, "", MOVE_MOUNT_SET_GROUP | FROM_AND_TO_EMPTY);

	return r < 0 && errno != EBADF ? -errno : 0;
}

/* In a child with mounts of its own. */
static int mount_autofs(void)
{
	auto_proc_text text = { 0 };
	char opts[80];
	int ends[2], err;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || pipe(ends) < 0)
		return -errno;
	snprintf(opts, sizeof(opts), "fd=%d,pgrp=%d,minproto=5,maxproto=5,direct", ends[1], getpgrp());
	if (mount("probe", "/tmp", "autofs", 0, opts) < 0)
		return -errno;
	err = proc_text_read(&text, "/proc/self/mountinfo");
	return err ? err : strstr(text.s, "pipe_ino=") ? 0 : -EOPNOTSUPP;
}

static int probe_autofs(void)
{
	return feature_in_child(CLONE_NEWNS, mount_autofs);
}

const struct feature ns_features[] = {
	{ "userns", FEATURE_NAMED, "user namespaces cannot be made", probe_user },
	{ "cgroupns", FEATURE_NAMED, "cgroup namespaces cannot be made", probe_cgroup },
	{ "timens", FEATURE_NAMED, "clocks cannot go on where they were", probe_time },
	{ "ns_pid", FEATURE_NAMED, "pids inside a namespace cannot be seen", probe_ns_pid },
	{ "pidns_owner", FEATURE_EXTRA, "pid namespaces of inner user namespaces cannot be made", probe_pid_owner },
	{ "external_net_ns", FEATURE_NAMED, "whose network namespace it is cannot be asked", probe_net_owner },
	{ "move_mount_set_group", FEATURE_NAMED, "propagation groups are made in a slower way", probe_set_group },
	{ "autofs", FEATURE_NAMED, "the pipe of an autofs mount cannot be found", probe_autofs },
	{ 0 },
};
