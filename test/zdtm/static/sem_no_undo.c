// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that has nothing to undo, and so many threads beside it that the tool reads them with
 * threads of its own, and by that gets a list of semaphores to undo, in which nothing is.
 * zdtm-flavor: h
 */
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 80 };

static void child(void *arg)
{
	int id = *(int *)arg;

	zt_checkpoint();
	CHECK_EQ(semctl(id, 0, GETVAL), 0);
}

static void *sleeper(void *arg)
{
	zt_wait();
	return arg;
}

int main(void)
{
	pthread_t threads[N];
	pid_t kid;
	int id;

	zt_init();
	id = zt_semaphore();
	kid = zt_child(child, &id);
	for (int i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, sleeper, NULL) == 0);
	zt_checkpoint();
	zt_end_child(kid);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	CHECK(semctl(id, 0, IPC_RMID) == 0, "IPC_RMID");
	return zt_result();
}
