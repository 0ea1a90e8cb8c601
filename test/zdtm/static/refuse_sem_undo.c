// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that has left the list of its process of what is to be undone on semaphores: refused.
 * zdtm-refuse: undo of its own .ipc.sem-undo
 * zdtm-code: ipc.sem-undo
 */
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "zdtm.h"

static int id, is_ready;

static int change(int by)
{
	struct sembuf op = { .sem_op = by, .sem_flg = SEM_UNDO };

	return semop(id, &op, 1) == 0;
}

static void *leave(void *arg)
{
	SETUP(unshare(CLONE_SYSVSEM) == 0 && change(2));
	__atomic_store_n(&is_ready, 1, __ATOMIC_RELEASE);
	zt_wait();
	return arg;
}

int main(void)
{
	pthread_t thread;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	SETUP(id >= 0 && change(1) && pthread_create(&thread, NULL, leave, NULL) == 0);
	while (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE))
		zt_sleep_ms(1);
	zt_checkpoint();

	CHECK(pthread_join(thread, NULL) == 0, "join");
	CHECK(change(-1), "semop");
	return zt_result();
}
