/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread with cgroups of its own: `tasks` of version 1, a threaded cgroup of version 2.
 * zdtm-flavor: h
 * zdtm-cgroups: gone
 */
#include <pthread.h>
#include <unistd.h>

#include "cgroup.h"
#include "zdtm.h"

static const char *v1, *v1_own, *v2, *v2_own;
static pthread_barrier_t begun;

static void *thread(void *arg)
{
	(void)arg;
	zt_cgroup_write(v1_own, "tasks", "0");
	zt_cgroup_write(v2_own, "cgroup.threads", "0");
	pthread_barrier_wait(&begun);
	zt_wait();
	CHECK(zt_cgroup_is_in("pids", "own"), "the thread is in another cgroup of version 1");
	CHECK(zt_cgroup_is_in("", "own"), "the thread is in another cgroup of version 2");
	return NULL;
}

int main(void)
{
	pthread_t t;

	zt_init();
	v1 = zt_cgroup_make("pids", "");
	v1_own = zt_cgroup_make("pids", "own");
	v2 = zt_cgroup_make("", "");
	v2_own = zt_cgroup_make("", "own");
	zt_cgroup_write(v2_own, "cgroup.type", "threaded");
	zt_cgroup_write(v1, "cgroup.procs", "0");
	zt_cgroup_write(v2, "cgroup.procs", "0");
	SETUP(!pthread_barrier_init(&begun, NULL, 2));
	SETUP(!pthread_create(&t, NULL, thread, NULL));
	pthread_barrier_wait(&begun);
	zt_checkpoint();
	CHECK(zt_cgroup_is_in("pids", ""), "the leader is in another cgroup of version 1");
	CHECK(zt_cgroup_is_in("", ""), "the leader is in another cgroup of version 2");
	CHECK(zt_cgroup_holds(v2_own, "cgroup.type", "threaded"), "the type of the lower one");
	pthread_join(t, NULL);
	zt_cgroup_leave("pids");
	zt_cgroup_leave("");
	CHECK(!rmdir(v1_own) && !rmdir(v1) && !rmdir(v2_own) && !rmdir(v2), "remove the cgroups: %m");
	return zt_result();
}
