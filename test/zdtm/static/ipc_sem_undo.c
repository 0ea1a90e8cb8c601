// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What processes have to undo on semaphores (SEM_UNDO) happens when they end, also if they end after a restore: a lock
 * that is held, a negative one on a value of 0, a thread's, a long set, and lists with nothing to undo in them.
 * zdtm-peer: loses what is to be undone
 */
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "zdtm.h"

union semun {
	int val;
	unsigned short *array;
};

enum { LONG = 3000 };
static int lock, many;

static int change(int id, int num, int by, int flags)
{
	struct sembuf op = { .sem_num = num, .sem_op = by, .sem_flg = flags | IPC_NOWAIT };

	return semop(id, &op, 1) == 0;
}

/* Holds the lock twice, and gives to number 1, from where the root takes it. */
static void holder(void *arg)
{
	(void)arg;
	SETUP(change(lock, 0, -2, SEM_UNDO) && change(lock, 1, 4, SEM_UNDO));
	zt_checkpoint();
	/* It is still its own: what was taken can be given back. */
	CHECK(change(lock, 0, 1, SEM_UNDO), "give one back");
}

static void *in_thread(void *arg)
{
	SETUP(change(many, LONG - 1, -7, SEM_UNDO));
	return arg;
}

static void threaded(void *arg)
{
	pthread_t thread;

	(void)arg;
	SETUP(pthread_create(&thread, NULL, in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
	SETUP(change(many, 0, 30000, SEM_UNDO) && change(many, 2100, -1, SEM_UNDO) && change(lock, 2, -1, SEM_UNDO));
	zt_checkpoint();
}

static void nothing(void *arg)
{
	(void)arg;
	SETUP(change(lock, 0, -1, SEM_UNDO) && change(lock, 0, 1, SEM_UNDO));
	zt_checkpoint();
}

int main(void)
{
	static unsigned short values[LONG];
	int gone;
	pid_t kids[3];

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	gone = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	lock = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
	many = semget(IPC_PRIVATE, LONG, IPC_CREAT | 0600);
	SETUP(gone >= 0 && lock >= 0 && many >= 0);
	for (int i = 0; i < LONG; i++)
		values[i] = 10;
	SETUP(semctl(many, 0, SETALL, (union semun){ .array = values }) == 0);
	SETUP(semctl(lock, 0, SETVAL, (union semun){ .val = 3 }) == 0);
	SETUP(semctl(lock, 2, SETVAL, (union semun){ .val = 32767 }) == 0);
	SETUP(change(gone, 0, 1, SEM_UNDO) && semctl(gone, 0, IPC_RMID) == 0);
	kids[0] = zt_child(holder, NULL);
	kids[1] = zt_child(threaded, NULL);
	kids[2] = zt_child(nothing, NULL);
	SETUP(change(lock, 1, -4, 0) && change(lock, 2, 1, 0));
	zt_checkpoint();

	CHECK_EQ(semctl(lock, 0, GETVAL), 1);
	CHECK_EQ(semctl(lock, 1, GETVAL), 0);
	CHECK_EQ(semctl(lock, 2, GETVAL), 32767);
	CHECK(change(lock, 1, 9, 0) && change(lock, 2, -100, 0), "semop");
	zt_end_child(kids[0]);
	CHECK_EQ(semctl(lock, 0, GETVAL), 3);
	CHECK_EQ(semctl(lock, 1, GETVAL), 5);
	CHECK_EQ(semctl(many, 0, GETVAL), 30010);
	CHECK_EQ(semctl(many, 2100, GETVAL), 9);
	zt_end_child(kids[1]);
	CHECK_EQ(semctl(lock, 2, GETVAL), 32668);
	CHECK_EQ(semctl(many, 0, GETVAL), 10);
	CHECK_EQ(semctl(many, 2100, GETVAL), 10);
	CHECK_EQ(semctl(many, LONG - 1, GETVAL), 10);
	zt_end_child(kids[2]);
	CHECK_EQ(semctl(lock, 0, GETVAL), 3);
	return zt_result();
}
