/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel.pid_max, of which each process is shown that of its own pid namespace; a new one has PID_MAX_LIMIT. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/parse.h"
#include "kernel/read.h"
#include "ns/pid_max.h"

static const char path[] = "/proc/sys/kernel/pid_max";
enum { PID_MAX_LIMIT = 4 << 20 };	/* linux/threads.h */

int pid_max_read(struct pid_max *ret)
{
	auto_fd int fd = proc_open(path, O_RDONLY);
	char text[16] = "";
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return fail_errno("read %s", path);
	ret->file = st.st_ino;
	return parse_u32(text, 10, &ret->value) ? fail(EINVAL, "%s is no number", path) : 0;
}

static void no_return tell(int to)
{
	struct pid_max inside;

	_exit(pid_max_read(&inside) || write(to, &inside, sizeof(inside)) != sizeof(inside));
}

/* In a child, since only processes that are born after setns(2) are in the namespace. */
static int read_in_child(struct pid_max *ret)
{
	auto_fd int from = -1, to = -1;
	int end[2];
	ssize_t got;
	pid_t pid;

	if (pipe2(end, O_CLOEXEC) < 0)
		return fail_errno("pipe");
	from = end[0];
	to = end[1];
	pid = fork();
	if (pid < 0)
		return fail_errno("fork into a pid namespace");
	if (!pid)
		tell(to);
	close(take_fd(&to));
	got = read(from, ret, sizeof(*ret));
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return got == sizeof(*ret) ? 0 : fail(EIO, "ask for %s in a pid namespace", path);
}

int pid_max_scan(int fd, uint32_t *ret)
{
	auto_fd int home = open("/proc/thread-self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
	struct pid_max inside, own;
	int err = pid_max_read(&own);

	*ret = 0;
	if (err)
		return err;
	if (home < 0 || setns(fd, CLONE_NEWPID) < 0)
		return fail_errno("enter a pid namespace");
	err = read_in_child(&inside);
	if (setns(home, CLONE_NEWPID) < 0)
		return fail_errno("come back from a pid namespace");
	if (!err && inside.file != own.file && inside.value != PID_MAX_LIMIT)
		*ret = inside.value;
	return err;
}

int pid_max_set(uint32_t wanted, const struct pid_max *tool)
{
	auto_fd int fd = -1;
	struct pid_max now;
	int err = pid_max_read(&now);

	if (err || now.value == wanted)
		return err;
	if (now.file == tool->file) {
		warn("a pid namespace had the limit %u: this kernel has one for the whole machine, which is %u", wanted,
		     now.value);
		return 0;
	}
	fd = proc_open(path, O_WRONLY);
	if (fd < 0 || dprintf(fd, "%u", wanted) < 0)
		return fail_errno("set %s to %u", path, wanted);
	return 0;
}
