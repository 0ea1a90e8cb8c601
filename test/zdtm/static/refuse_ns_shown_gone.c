// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A proc and a sysfs of namespaces that have ended, or that nobody is in any more: made anew they would show those of others.
 * zdtm-refuse: gone/proc is covered, or its init has ended, so nobody can tell whose processes it shows.*\[ns.nested\]
 * zdtm-refuse: gone/sys shows a net namespace that nobody in the tree is in.*\[ns.nested\]
 * zdtm-code: ns.nested
 * zdtm-flavor: h,ns
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void mounts_proc_and_ends(void)
{
	_exit(mount("proc", zt_path("gone/proc"), "proc", 0, NULL) ? 1 : 0);
}

static void child(void *arg)
{
	int status, home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	(void)arg;
	SETUP(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(zt_path("gone"), 0700) == 0 && mkdir(zt_path("gone/proc"), 0700) == 0 &&
	      mkdir(zt_path("gone/sys"), 0700) == 0);
	SETUP(unshare(CLONE_NEWPID) == 0 && (pid = fork()) >= 0);
	if (!pid)
		mounts_proc_and_ends();
	SETUP(waitpid(pid, &status, 0) == pid && status == 0);
	SETUP(setns(pids, CLONE_NEWPID) == 0);
	SETUP(unshare(CLONE_NEWNET) == 0 && mount("sysfs", zt_path("gone/sys"), "sysfs", 0, NULL) == 0);
	SETUP(setns(home, CLONE_NEWNET) == 0 && close(home) == 0 && close(pids) == 0);
	zt_checkpoint();
	CHECK(access(zt_path("gone/sys/class"), F_OK) == 0, "the sysfs is gone");
}

int main(void)
{
	return zt_in_child(child);
}
