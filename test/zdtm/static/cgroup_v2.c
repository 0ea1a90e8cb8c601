/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cgroups of version 2 that are gone by the time of the restore: directories, limits, and who is where.
 * zdtm-flavor: h
 * zdtm-cgroups: gone
 */
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static const char *top, *sub, *leaf;

static void child(void *arg)
{
	(void)arg;
	zt_cgroup_write(leaf, "cgroup.procs", "0");
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("", "sub/leaf"), "the child is in another cgroup");
	zt_cgroup_leave("");
}

int main(void)
{
	pid_t pid;

	zt_init();
	top = zt_cgroup_make("", "");
	sub = zt_cgroup_make("", "sub");
	leaf = zt_cgroup_make("", "sub/leaf");
	zt_cgroup_write(top, "cgroup.max.depth", "2");
	zt_cgroup_write(sub, "cgroup.max.descendants", "5");
	zt_cgroup_write(top, "cgroup.procs", "0");
	pid = zt_child(child, NULL);
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("", ""), "the root is in another cgroup");
	CHECK(zt_cgroup_holds(top, "cgroup.max.depth", "2"), "cgroup.max.depth");
	CHECK(zt_cgroup_holds(sub, "cgroup.max.descendants", "5"), "cgroup.max.descendants");
	zt_end_child(pid);
	zt_cgroup_leave("");
	CHECK(!rmdir(leaf) && !rmdir(sub) && !rmdir(top), "remove the cgroups: %m");
	return zt_result();
}
