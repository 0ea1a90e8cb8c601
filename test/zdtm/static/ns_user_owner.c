// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root task that made namespaces before it entered its user namespace, and others after it: whose they are stays. One in
 * whose network the root of the user namespace has no rights would get all of them otherwise.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: gives all namespaces to the user namespace of the root task
 */
#include <sched.h>
#include <unistd.h>

#include "userns.h"
#include "zdtm.h"

static void child(void *arg)
{
	struct zt_userns was, is;

	(void)arg;
	SETUP(unshare(CLONE_NEWIPC | CLONE_NEWCGROUP) == 0);
	zt_userns_look(&was);
	zt_checkpoint();
	zt_userns_look(&is);
	zt_userns_compare("child", &is, &was);
}

int main(void)
{
	struct zt_userns was, is;
	pid_t pid;

	zt_init();
	SETUP(unshare(CLONE_NEWUTS | CLONE_NEWNET) == 0 && sethostname("outer", 5) == 0);
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWIPC) == 0);
	pid = zt_child(child, NULL);
	zt_userns_look(&was);
	SETUP(was.owner[1] == 9 && was.owner[2] == 0 && !was.may_rename);
	zt_checkpoint();

	zt_userns_look(&is);
	zt_userns_compare("root", &is, &was);
	zt_end_child(pid);
	return zt_result();
}
