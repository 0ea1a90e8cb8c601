/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What probes have in common. Each does the thing itself, on an object of its own, and never asks for a version. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel/feature.h"
#include "kernel/read.h"

int feature_result(long r)
{
	return r < 0 ? -errno : 0;
}

int feature_readable(const char *path)
{
	return feature_result(access(path, R_OK));
}

int feature_fdinfo_has(int fd, const char *word)
{
	auto_proc_text text = { 0 };
	int err = proc_text_read(&text, "/proc/self/fdinfo/%d", fd);

	return err ? err : strstr(text.s, word) ? 0 : -ENOENT;
}

int feature_in_child(int namespaces, int (*probe)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		int err = namespaces ? feature_result(unshare(namespaces)) : 0;

		_exit(-(err ? err : probe()));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EFAULT;
}

int feature_of_tracee(int (*ask)(pid_t pid))
{
	pid_t pid = fork();
	int err;

	if (!pid)
		for (;;)
			pause();
	if (pid < 0)
		return -errno;
	err = feature_result(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	if (!err)
		err = feature_result(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	if (!err && waitpid(pid, NULL, __WALL) == pid)
		err = ask(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return err;
}
