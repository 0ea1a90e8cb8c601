// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process whose children would be born into a pid namespace that has lost its init, and one with a time namespace for
 * its children alone, which a process has entered that it did not fork.
 * zdtm-refuse: its children get a pid namespace that has ended, or that nobody in the tree is in \[ns.children-only\]
 * zdtm-refuse: its children get a time namespace that it is not in itself, and a process that is not below it is in there \[ns.children-only\]
 * zdtm-code: ns.children-only
 * zdtm-flavor: h,ns,uns
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void has_dead_namespace(void *arg)
{
	pid_t pid;

	(void)arg;
	SETUP(unshare(CLONE_NEWPID) == 0);
	pid = fork();
	if (!pid)
		_exit(0);
	SETUP(waitpid(pid, NULL, 0) == pid);
	zt_checkpoint();
}

static void has_time_for_children(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWTIME) == 0);
	zt_checkpoint();
}

static void has_entered(void *arg)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/time_for_children", *(pid_t *)arg);
	fd = open(path, O_RDONLY);
	SETUP(fd >= 0 && setns(fd, CLONE_NEWTIME) == 0 && close(fd) == 0);
	zt_checkpoint();
}

int main(void)
{
	pid_t first, second, third;

	zt_init();
	first = zt_child(has_dead_namespace, NULL);
	second = zt_child(has_time_for_children, NULL);
	third = zt_child(has_entered, &second);
	zt_checkpoint();
	zt_end_child(first);
	zt_end_child(second);
	zt_end_child(third);
	return zt_result();
}
