// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A System V segment of an IPC namespace that is not the tree's: refused.
 * zdtm-refuse: System V shared memory of an IPC namespace that is not the tree
 * zdtm-code: mem.unsupported
 * zdtm-flavor: h
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "zdtm.h"

int main(void)
{
	char *mem;
	int id;

	zt_init();
	id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
	SETUP(id >= 0);
	mem = shmat(id, NULL, 0);
	SETUP(mem != (void *)-1 && shmctl(id, IPC_RMID, NULL) == 0);
	zt_fill(mem, 8192, 2);
	zt_checkpoint();

	CHECK(zt_is_filled(mem, 8192, 2), "content");
	return zt_result();
}
