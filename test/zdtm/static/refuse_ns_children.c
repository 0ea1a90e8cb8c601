// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process whose children would be born into a pid namespace that has lost its init, and one with a time namespace for
 * its children alone.
 * zdtm-refuse: its children get a pid namespace that has ended, or that nobody in the tree is in \[ns.children-only\]
 * zdtm-refuse: its children get a time namespace that it is not in itself \[ns.children-only\]
 * zdtm-code: ns.children-only
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <sched.h>
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

int main(void)
{
	pid_t first, second;

	zt_init();
	first = zt_child(has_dead_namespace, NULL);
	second = zt_child(has_time_for_children, NULL);
	zt_checkpoint();
	zt_end_child(first);
	zt_end_child(second);
	return zt_result();
}
