// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that holds a semaphore with SEM_UNDO: refused for now.
 * zdtm-refuse: ipc.sem-undo
 */
#include <sched.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct sembuf up = { .sem_op = 1, .sem_flg = SEM_UNDO }, down = { .sem_op = -1, .sem_flg = SEM_UNDO };
	int id;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	SETUP(id >= 0 && semop(id, &up, 1) == 0);
	zt_checkpoint();

	CHECK(semop(id, &down, 1) == 0, "semop");
	return zt_result();
}
