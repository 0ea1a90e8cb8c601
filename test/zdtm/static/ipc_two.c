// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two children in IPC namespaces of their own, with objects of the same ids and keys; a grandchild in its parent's.
 * zdtm-peer: refuses IPC namespaces below the root's
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "zdtm.h"

enum { KEY = 0x771, LEN = 3 * 4096 };

static void check(int seed)
{
	int shm = shmget(KEY, LEN, 0), sem = semget(KEY, 1, 0), msg = msgget(KEY, 0);
	struct msqid_ds ds;
	char *at = shmat(shm, NULL, SHM_RDONLY);

	CHECK(shm >= 0 && sem >= 0 && msg >= 0, "objects of %d: %s", seed, strerror(errno));
	CHECK(at != (void *)-1 && zt_is_filled(at, LEN, seed), "contents of %d", seed);
	CHECK(shmdt(at) == 0, "shmdt");
	CHECK_EQ(semctl(sem, 0, GETVAL), seed);
	CHECK(msgctl(msg, IPC_STAT, &ds) == 0, "msgctl");
	CHECK_EQ(ds.msg_qnum, seed);
}

static void grandchild(void *arg)
{
	zt_checkpoint();
	check(*(int *)arg);
}

static void child(void *arg)
{
	struct { long type; } empty = { 1 };
	int seed = *(int *)arg, shm, sem, msg;
	char *at;
	pid_t kid;

	SETUP(unshare(CLONE_NEWIPC) == 0);
	shm = shmget(KEY, LEN, IPC_CREAT | 0600);
	sem = semget(KEY, 1, IPC_CREAT | 0600);
	msg = msgget(KEY, IPC_CREAT | 0600);
	at = shmat(shm, NULL, 0);
	SETUP(shm >= 0 && sem >= 0 && msg >= 0 && at != (void *)-1);
	zt_fill(at, LEN, seed);
	SETUP(shmdt(at) == 0 && semctl(sem, 0, SETVAL, seed) == 0);
	for (int i = 0; i < seed; i++)
		SETUP(msgsnd(msg, &empty, 0, 0) == 0);
	kid = zt_child(grandchild, arg);
	zt_checkpoint();
	check(seed);
	zt_end_child(kid);
}

int main(void)
{
	int seeds[] = { 3, 4 };
	pid_t one, two;

	zt_init();
	one = zt_child(child, &seeds[0]);
	two = zt_child(child, &seeds[1]);
	zt_checkpoint();

	CHECK(semget(KEY, 1, 0) < 0, "the children's semaphores are the root's");
	zt_end_child(one);
	zt_end_child(two);
	return zt_result();
}
