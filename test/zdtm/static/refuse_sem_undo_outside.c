// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that has to undo something on a semaphore in the namespace of the tool, which is not saved.
 * zdtm-refuse: has to undo -1 on semaphore 0 .*\[ipc.sem-undo\]
 * zdtm-code: ipc.sem-undo
 * zdtm-flavor: h
 */
#include <sys/ipc.h>
#include <sys/sem.h>

#include "zdtm.h"

int main(void)
{
	struct sembuf up = { .sem_op = 1, .sem_flg = SEM_UNDO };
	int id;

	zt_init();
	id = zt_semaphore();
	SETUP(semop(id, &up, 1) == 0);
	zt_checkpoint();

	CHECK_EQ(semctl(id, 0, GETVAL), 1);
	CHECK(semctl(id, 0, IPC_RMID) == 0, "IPC_RMID");
	return zt_result();
}
