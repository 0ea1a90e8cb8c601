// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pid namespace that is owned by a user namespace below the root's: who is in there may not choose numbers outside.
 * zdtm-refuse: it is in a pid namespace that is owned by a user namespace below that of the root task \[ns.outside\]
 * zdtm-code: ns.outside
 * zdtm-flavor: h,ns,uns
 */
#include <linux/sched.h>
#include <unistd.h>

#include "zdtm.h"

static void nested(void *arg)
{
	(void)arg;
	zt_checkpoint();
}

int main(void)
{
	pid_t pid;

	zt_init();
	pid = zt_clone_child(CLONE_NEWPID | CLONE_NEWUSER, nested, NULL);
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
