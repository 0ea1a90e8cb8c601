/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of version 1 that are gone by the time of the restore: directories, limits, owners, and who is where.
 * zdtm-flavor: h
 * zdtm-between: rmdir /sys/fs/cgroup/pids/zdtm_v1/sub /sys/fs/cgroup/pids/zdtm_v1/empty /sys/fs/cgroup/pids/zdtm_v1
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static char top[1024], sub[1100], empty[1100];
static const char *mount_point;

static void child(void *arg)
{
	(void)arg;
	zt_cgroup_write(sub, "cgroup.procs", "0");
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("pids", "/zdtm_v1/sub"), "the child is in another cgroup");
	zt_cgroup_write(mount_point, "cgroup.procs", "0");
}

int main(void)
{
	struct stat st;
	pid_t pid;

	zt_init();
	mount_point = zt_cgroup_top("pids");
	snprintf(top, sizeof(top), "%s/zdtm_v1", mount_point);
	snprintf(sub, sizeof(sub), "%s/sub", top);
	snprintf(empty, sizeof(empty), "%s/empty", top);
	SETUP(!mkdir(top, 0755) && !mkdir(sub, 0755) && !mkdir(empty, 0755));
	zt_cgroup_write(top, "pids.max", "321");
	zt_cgroup_write(sub, "pids.max", "12");
	zt_cgroup_write(sub, "notify_on_release", "1");
	SETUP(!chown(sub, 1234, 4321) && !chmod(sub, 0750));
	zt_cgroup_write(top, "cgroup.procs", "0");
	pid = zt_child(child, NULL);
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("pids", "/zdtm_v1"), "the root is in another cgroup");
	CHECK(zt_cgroup_holds(top, "pids.max", "321"), "pids.max of the upper one");
	CHECK(zt_cgroup_holds(sub, "pids.max", "12"), "pids.max of the lower one");
	CHECK(zt_cgroup_holds(sub, "notify_on_release", "1"), "notify_on_release");
	CHECK(!stat(sub, &st) && st.st_uid == 1234 && st.st_gid == 4321 && (st.st_mode & 07777) == 0750,
	      "owner and mode are %u %u %o", st.st_uid, st.st_gid, st.st_mode);
	zt_end_child(pid);
	zt_cgroup_write(mount_point, "cgroup.procs", "0");
	CHECK(!rmdir(empty), "the empty cgroup is not there: %m");
	CHECK(!rmdir(sub) && !rmdir(top), "remove the cgroups: %m");
	return zt_result();
}
