// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A System V segment that a process has attached which has left its IPC namespace since: refused. The kernel tells only the
 * segment's number, which is another one's in the new namespace.
 * zdtm-refuse: 1 mappings of it are not in processes of the tree
 * zdtm-code: ipc.shm
 */
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWIPC) == 0);
	zt_checkpoint();
}

int main(void)
{
	char *mem;
	pid_t kid;
	int id;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	id = shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600);
	SETUP(id >= 0);
	mem = shmat(id, NULL, 0);
	SETUP(mem != (void *)-1);
	zt_fill(mem, 8192, 2);
	kid = zt_child(child, NULL);
	zt_checkpoint();

	zt_end_child(kid);
	CHECK(zt_is_filled(mem, 8192, 2), "content");
	return zt_result();
}
