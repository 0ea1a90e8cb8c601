// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A System V segment of whole pages that a parent and its child have attached at different places: what every tool can keep.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "zdtm.h"

enum { LEN = 16 * 4096 };

static char *parents;
static int id;

static void child(void *arg)
{
	char *at = shmat(id, NULL, 0);

	(void)arg;
	SETUP(at != (char *)-1 && at != parents && shmdt(parents) == 0);
	zt_checkpoint();
	CHECK(zt_is_filled_part(at, 4096, LEN, 7), "the child sees something else");
	at[0] = 'c';
}

int main(void)
{
	struct shmid_ds ds;
	pid_t kid;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	id = shmget(0x5a77, LEN, IPC_CREAT | 0600);
	SETUP(id >= 0);
	parents = shmat(id, NULL, 0);
	SETUP(parents != (char *)-1);
	zt_fill(parents, LEN, 7);
	kid = zt_child(child, NULL);
	zt_checkpoint();

	CHECK(zt_is_filled_part(parents, 4096, LEN, 7), "the content differs");
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch == 2, "%s", strerror(errno));
	CHECK_EQ(shmget(0x5a77, LEN, 0), id);
	zt_end_child(kid);
	CHECK(parents[0] == 'c', "what the child writes is not seen");
	return zt_result();
}
