/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of version 2 that are gone by the time of the restore: directories, limits, and who is where.
 * zdtm-flavor: h
 * zdtm-between: rmdir /sys/fs/cgroup/unified/zdtm_v2/sub/leaf /sys/fs/cgroup/unified/zdtm_v2/sub /sys/fs/cgroup/unified/zdtm_v2
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static char top[1024], sub[1100], leaf[1200];
static const char *mount_point;

static void child(void *arg)
{
	(void)arg;
	zt_cgroup_write(leaf, "cgroup.procs", "0");
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("", "/zdtm_v2/sub/leaf"), "the child is in another cgroup");
	zt_cgroup_write(mount_point, "cgroup.procs", "0");
}

int main(void)
{
	pid_t pid;

	zt_init();
	mount_point = zt_cgroup_top("");
	snprintf(top, sizeof(top), "%s/zdtm_v2", mount_point);
	snprintf(sub, sizeof(sub), "%s/sub", top);
	snprintf(leaf, sizeof(leaf), "%s/leaf", sub);
	SETUP(!mkdir(top, 0755) && !mkdir(sub, 0755) && !mkdir(leaf, 0755));
	zt_cgroup_write(top, "cgroup.max.depth", "2");
	zt_cgroup_write(sub, "cgroup.max.descendants", "5");
	zt_cgroup_write(top, "cgroup.procs", "0");
	pid = zt_child(child, NULL);
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("", "/zdtm_v2"), "the root is in another cgroup");
	CHECK(zt_cgroup_holds(top, "cgroup.max.depth", "2"), "cgroup.max.depth");
	CHECK(zt_cgroup_holds(sub, "cgroup.max.descendants", "5"), "cgroup.max.descendants");
	zt_end_child(pid);
	zt_cgroup_write(mount_point, "cgroup.procs", "0");
	CHECK(!rmdir(leaf) && !rmdir(sub) && !rmdir(top), "remove the cgroups: %m");
	return zt_result();
}
