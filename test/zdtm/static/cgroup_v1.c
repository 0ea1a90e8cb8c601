/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of version 1 that are gone by the time of the restore: directories, limits, owners, and who is where.
 * zdtm-flavor: h
 * zdtm-cgroups: gone
 */
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static const char *top, *sub, *empty;

static void child(void *arg)
{
	(void)arg;
	zt_cgroup_write(sub, "cgroup.procs", "0");
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("pids", "sub"), "the child is in another cgroup");
	zt_cgroup_leave("pids");
}

int main(void)
{
	struct stat st;
	pid_t pid;

	zt_init();
	top = zt_cgroup_make("pids", "");
	sub = zt_cgroup_make("pids", "sub");
	empty = zt_cgroup_make("pids", "empty");
	zt_cgroup_write(top, "pids.max", "321");
	zt_cgroup_write(sub, "pids.max", "12");
	zt_cgroup_write(sub, "notify_on_release", "1");
	SETUP(!chown(sub, 1234, 4321) && !chmod(sub, 0750));
	zt_cgroup_write(top, "cgroup.procs", "0");
	pid = zt_child(child, NULL);
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("pids", ""), "the root is in another cgroup");
	CHECK(zt_cgroup_holds(top, "pids.max", "321"), "pids.max of the upper one");
	CHECK(zt_cgroup_holds(sub, "pids.max", "12"), "pids.max of the lower one");
	CHECK(zt_cgroup_holds(sub, "notify_on_release", "1"), "notify_on_release");
	CHECK(!stat(sub, &st) && st.st_uid == 1234 && st.st_gid == 4321 && (st.st_mode & 07777) == 0750,
	      "owner and mode are %u %u %o", st.st_uid, st.st_gid, st.st_mode);
	zt_end_child(pid);
	zt_cgroup_leave("pids");
	CHECK(!rmdir(empty), "the empty cgroup is not there: %m");
	CHECK(!rmdir(sub) && !rmdir(top), "remove the cgroups: %m");
	return zt_result();
}
