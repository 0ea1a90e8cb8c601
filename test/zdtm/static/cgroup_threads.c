/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread with cgroups of its own: `tasks` of version 1, a threaded cgroup of version 2.
 * zdtm-flavor: h
 * zdtm-between: rmdir /sys/fs/cgroup/pids/zdtm_thr/own /sys/fs/cgroup/pids/zdtm_thr /sys/fs/cgroup/unified/zdtm_thr/own /sys/fs/cgroup/unified/zdtm_thr
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static char v1[1024], v1_own[1100], v2[1024], v2_own[1100];
static pthread_barrier_t begun;

static void *thread(void *arg)
{
	(void)arg;
	zt_cgroup_write(v1_own, "tasks", "0");
	zt_cgroup_write(v2_own, "cgroup.threads", "0");
	pthread_barrier_wait(&begun);
	zt_wait();
	CHECK(zt_cgroup_is_in("pids", "/zdtm_thr/own"), "the thread is in another cgroup of version 1");
	CHECK(zt_cgroup_is_in("", "/zdtm_thr/own"), "the thread is in another cgroup of version 2");
	return NULL;
}

int main(void)
{
	const char *top1, *top2;
	pthread_t t;

	zt_init();
	top1 = zt_cgroup_top("pids");
	top2 = zt_cgroup_top("");
	snprintf(v1, sizeof(v1), "%s/zdtm_thr", top1);
	snprintf(v2, sizeof(v2), "%s/zdtm_thr", top2);
	snprintf(v1_own, sizeof(v1_own), "%s/own", v1);
	snprintf(v2_own, sizeof(v2_own), "%s/own", v2);
	SETUP(!mkdir(v1, 0755) && !mkdir(v1_own, 0755) && !mkdir(v2, 0755) && !mkdir(v2_own, 0755));
	zt_cgroup_write(v2_own, "cgroup.type", "threaded");
	zt_cgroup_write(v1, "cgroup.procs", "0");
	zt_cgroup_write(v2, "cgroup.procs", "0");
	SETUP(!pthread_barrier_init(&begun, NULL, 2));
	SETUP(!pthread_create(&t, NULL, thread, NULL));
	pthread_barrier_wait(&begun);
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("pids", "/zdtm_thr"), "the leader is in another cgroup of version 1");
	CHECK(zt_cgroup_is_in("", "/zdtm_thr"), "the leader is in another cgroup of version 2");
	CHECK(zt_cgroup_holds(v2_own, "cgroup.type", "threaded"), "the type of the lower one");
	pthread_join(t, NULL);
	zt_cgroup_write(top1, "cgroup.procs", "0");
	zt_cgroup_write(top2, "cgroup.procs", "0");
	CHECK(!rmdir(v1_own) && !rmdir(v1) && !rmdir(v2_own) && !rmdir(v2), "remove the cgroups: %m");
	return zt_result();
}
