// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As `unshare -Urpf --mount-proc` does: a process leaves its user and mount namespaces, and a child that is the init of a
 * pid namespace mounts its own proc there, with a tmpfs in it. The root task does so, if that does not part it from the
 * mounts that its files are on, a child beside it, and one inside.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested user and pid namespaces
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userns.h"
#include "zdtm.h"

static pid_t named_by_proc(void)
{
	char self[16] = "";

	return readlink("/proc/self", self, sizeof(self) - 1) > 0 ? atoi(self) : -1;
}

static void beside(void *arg);

static void is_init(void *arg)
{
	const char *who = arg;
	struct zt_userns was, is;
	struct stat st;
	pid_t inside = 0;

	SETUP(getpid() == 1);
	SETUP(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0);
	SETUP(named_by_proc() == 1);
	/* Where a proc is covered, nobody inside may mount another. */
	if (!strcmp(who, "outer"))
		inside = zt_clone_child(0, beside, "inside");
	SETUP(mount("masked", "/proc/tty", "tmpfs", 0, "size=4k,mode=755") == 0 && mkdir("/proc/tty/kept", 0700) == 0);
	zt_userns_look(&was);
	SETUP(was.owner[4] == 0 && was.owner[5] == 0);
	zt_checkpoint();

	CHECK(named_by_proc() == 1, "%s: /proc/self is %d", who, named_by_proc());
	CHECK(stat("/proc/tty/kept", &st) == 0 && stat("/proc/tty/drivers", &st) < 0, "%s: what covers /proc/tty", who);
	zt_userns_look(&is);
	zt_userns_compare(who, &is, &was);
	if (inside)
		zt_end_child(inside);
	CHECK(umount("/proc/tty") == 0 && umount("/proc") == 0, "%s: unmount what was mounted", who);
}

static pid_t leave_with_child(const char *who)
{
	zt_userns_enter_new("0 0 1", "0 0 1");
	SETUP(unshare(CLONE_NEWNS) == 0);
	return zt_clone_child(CLONE_NEWPID, is_init, (void *)who);
}

static void beside(void *arg)
{
	pid_t pid = leave_with_child(arg);

	zt_checkpoint();
	zt_end_child(pid);
}

int main(void)
{
	pid_t first, second;

	zt_init();
	first = zt_child(beside, "beside");
	second = getpid() == 1 ? zt_child(beside, "outer") : leave_with_child("outer");
	zt_checkpoint();
	zt_end_child(second);
	zt_end_child(first);
	return zt_result();
}
