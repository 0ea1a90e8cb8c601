// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process in a nested pid namespace whose group has lost its leader: nobody knows the leader's number in there.
 * zdtm-refuse: is in a nested pid namespace, and the leader of its process group has ended \[ns.nested\]
 * zdtm-code: ns.nested
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void stays(void *arg)
{
	(void)arg;
	zt_checkpoint();
}

static void leader(void *arg)
{
	(void)arg;
	SETUP(setpgid(0, 0) == 0);
	zt_clone_child(0, stays, NULL);
	zt_ready();
}

/* The leader ends, its child stays in the group until this one ends. */
static void nested(void *arg)
{
	pid_t pid;

	(void)arg;
	pid = zt_clone_child(0, leader, NULL);
	SETUP(waitpid(pid, NULL, 0) == pid);
	zt_checkpoint();
}

int main(void)
{
	pid_t pid;

	zt_init();
	pid = zt_clone_child(CLONE_NEWPID, nested, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
