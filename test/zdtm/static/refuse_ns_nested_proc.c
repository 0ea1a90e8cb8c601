// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child in pid and mount namespaces of its own that has mounted their proc: a restored one would show other processes.
 * zdtm-refuse: /proc shows the processes of another pid namespace than that of the root.*\[ns.nested\]
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <sys/mount.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("proc", "/proc", "proc", 0, NULL) == 0);
	zt_checkpoint();
}

int main(void)
{
	pid_t pid;

	zt_init();
	pid = zt_clone_child(CLONE_NEWPID | CLONE_NEWNS, child, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
