// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System V semaphores: ids, keys, owners, creators, modes and values; sets with gaps between their ids, and a set that
 * is larger than a new one might be. A child sleeps in semop(2) meanwhile.
 * zdtm-peer: makes all creators root
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

enum { SETS = 40, LARGE = 7 };

static struct {
	int id, n;
	key_t key;
	struct semid_ds ds;
	unsigned short values[64];
} sets[SETS];

static int is_gone(int i)
{
	return i % 3 == 1;
}

/* Some have another creator than owner, where there are other users. */
static int get_as_other(key_t key, int n)
{
	int id;

	if (setegid(777) == 0)
		(void)!seteuid(1000);
	id = semget(key, n, IPC_CREAT | IPC_EXCL | 0600);
	SETUP(seteuid(0) == 0 && setegid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	return id;
}

static void make(int i)
{
	union semun arg = { .array = sets[i].values };

	sets[i].key = i % 2 ? 0x5e000000 + i : IPC_PRIVATE;
	sets[i].n = i == LARGE ? 64 : 1 + i % 5;
	sets[i].id = i % 4 == 3 ? get_as_other(sets[i].key, sets[i].n) :
				  semget(sets[i].key, sets[i].n, IPC_CREAT | IPC_EXCL | 0600);
	SETUP(sets[i].id >= 0);
	for (int k = 0; k < sets[i].n; k++)
		sets[i].values[k] = (i * 7919 + k * 104729) % 32768;
	SETUP(semctl(sets[i].id, 0, SETALL, arg) == 0);
	arg.buf = &sets[i].ds;
	SETUP(semctl(sets[i].id, 0, IPC_STAT, arg) == 0);
	sets[i].ds.sem_perm.mode = 0400 + i;
	sets[i].ds.sem_perm.gid = i == 11 ? 0 : sets[i].ds.sem_perm.gid;
	SETUP(semctl(sets[i].id, 0, IPC_SET, arg) == 0);
	SETUP(semctl(sets[i].id, 0, IPC_STAT, arg) == 0);
}

static void check(int i)
{
	unsigned short values[64] = { 0 };
	struct semid_ds ds;
	union semun arg = { .buf = &ds };

	if (sets[i].key != IPC_PRIVATE)
		CHECK_EQ(semget(sets[i].key, sets[i].n, 0), sets[i].id);
	CHECK(semctl(sets[i].id, 0, IPC_STAT, arg) == 0, "set %d: %s", sets[i].id, strerror(errno));
	CHECK_EQ(ds.sem_nsems, sets[i].n);
	CHECK_EQ(ds.sem_perm.__key, sets[i].key);
	CHECK_EQ(ds.sem_perm.mode, sets[i].ds.sem_perm.mode);
	CHECK_EQ(ds.sem_perm.uid, sets[i].ds.sem_perm.uid);
	CHECK_EQ(ds.sem_perm.gid, sets[i].ds.sem_perm.gid);
	CHECK_EQ(ds.sem_perm.cuid, sets[i].ds.sem_perm.cuid);
	CHECK_EQ(ds.sem_perm.cgid, sets[i].ds.sem_perm.cgid);
	arg.array = values;
	CHECK(semctl(sets[i].id, 0, GETALL, arg) == 0 && memcmp(values, sets[i].values, sizeof(values)) == 0,
	      "values of set %d", sets[i].id);
}

/* EINTR is what a signal or a stop may do to it. */
static void sleeper(void *arg)
{
	struct sembuf down = { .sem_op = -1 };
	int id = *(int *)arg;

	zt_checkpoint();
	while (semop(id, &down, 1) < 0)
		if (errno != EINTR) {
			CHECK(0, "semop: %s", strerror(errno));
			break;
		}
}

int main(void)
{
	struct sembuf up = { .sem_op = 1 };
	union semun arg = { .val = 0 };
	int other;
	pid_t kid;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	for (int i = 0; i < SETS; i++)
		make(i);
	for (int i = 0; i < SETS; i++)
		if (is_gone(i))
			SETUP(semctl(sets[i].id, 0, IPC_RMID) == 0);
	/* An index that is used again: the sequence number in the id counts. */
	for (int i = 0; i < SETS; i++)
		if (is_gone(i) && i % 2)
			make(i);
	other = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	SETUP(other >= 0 && semctl(other, 0, SETVAL, arg) == 0);
	kid = zt_child(sleeper, &other);
	zt_checkpoint();

	for (int i = 0; i < SETS; i++)
		if (!is_gone(i) || i % 2)
			check(i);
		else
			CHECK(semctl(sets[i].id, 0, GETVAL) < 0, "set %d is there again", sets[i].id);
	CHECK_EQ(semctl(other, 0, GETVAL), 0);
	CHECK(semop(other, &up, 1) == 0, "semop");
	zt_end_child(kid);
	CHECK_EQ(semctl(other, 0, GETVAL), 0);
	return zt_result();
}
