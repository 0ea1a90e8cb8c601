// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process in a nested pid namespace whose group was led from outside of it, by one that has ended: it has no number in
 * there, so nobody in there could join it.
 * zdtm-refuse: the leader of its process group, who was not in there, has ended \[ns.nested\]
 * zdtm-code: ns.nested
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void nested(void *arg)
{
	(void)arg;
	zt_checkpoint();
}

static void leader(void *arg)
{
	(void)arg;
	SETUP(setpgid(0, 0) == 0);
	zt_clone_child(CLONE_NEWPID, nested, NULL);
	zt_ready();
}

/* The leader ends, and its child is this one's. */
int main(void)
{
	siginfo_t info;
	pid_t pid;

	zt_init();
	SETUP(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	pid = zt_child(leader, NULL);
	SETUP(waitpid(pid, NULL, 0) == pid);
	SETUP(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	zt_checkpoint();
	return zt_result();
}
