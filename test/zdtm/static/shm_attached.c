// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System V segments that are attached, in an IPC namespace of their own: by relatives, twice in one process, for reading only,
 * removed meanwhile, and with parts unmapped or of another protection. Whoever writes, all see it.
 * zdtm-peer: cannot save segments of an odd size, nor holes
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "zdtm.h"

enum { PAGE = 4096, N = 40, LEN = N * PAGE };

struct segment {
	int id;
	char *at;
};

static struct segment both, removed, reader, parts;
static char *twice;

static char *attach(int id, int flags)
{
	char *at = shmat(id, NULL, flags);

	SETUP(at != (char *)-1);
	return at;
}

static struct segment make(key_t key, uint64_t seed)
{
	struct segment s = { .id = shmget(key, LEN - 100, IPC_CREAT | IPC_EXCL | 0600) };

	SETUP(s.id >= 0);
	s.at = attach(s.id, 0);
	zt_fill(s.at, LEN, seed);
	return s;
}

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds = { 0 };

	CHECK(shmctl(id, IPC_STAT, &ds) == 0, "segment %d: %s", id, strerror(errno));
	return ds;
}

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	CHECK(zt_is_filled_part(both.at, PAGE, LEN, 3), "the child sees something else");
	CHECK(zt_is_filled_part(removed.at, PAGE, LEN, 4), "the child sees something else where it was removed");
	both.at[0] = 'c';
	removed.at[0] = 'r';
	CHECK(shmdt(both.at) == 0, "detach: %s", strerror(errno));
}

int main(void)
{
	pid_t kid;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	both = make(0x5a001, 3);
	removed = make(IPC_PRIVATE, 4);
	SETUP(shmctl(removed.id, IPC_RMID, NULL) == 0);
	kid = zt_child(child, NULL);
	twice = attach(both.id, 0);
	reader = make(0x5a003, 5);
	SETUP(shmdt(reader.at) == 0);
	reader.at = attach(reader.id, SHM_RDONLY);
	parts = make(IPC_PRIVATE, 6);
	SETUP(munmap(parts.at, PAGE) == 0 && munmap(parts.at + 10 * PAGE, 10 * PAGE) == 0 &&
	      munmap(parts.at + 39 * PAGE, PAGE) == 0);
	SETUP(mprotect(parts.at + 30 * PAGE, PAGE, PROT_READ) == 0 && mprotect(parts.at + 31 * PAGE, PAGE, PROT_NONE) == 0);
	zt_checkpoint();

	CHECK(zt_is_filled(both.at, LEN, 3) && zt_is_filled(twice, LEN, 3), "the content differs");
	twice[2] = 't';
	CHECK(both.at[2] == 't', "two mappings show two objects");
	CHECK_EQ(stat_of(both.id).shm_nattch, 3);
	CHECK_EQ(stat_of(removed.id).shm_nattch, 2);
	CHECK(stat_of(removed.id).shm_perm.mode & SHM_DEST, "it is not removed");
	CHECK(zt_is_filled(reader.at, LEN, 5), "the content for the reader differs");
	CHECK(mprotect(reader.at, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES, "the reader could write");
	CHECK(zt_is_filled_part(parts.at, PAGE, 10 * PAGE, 6) && zt_is_filled_part(parts.at, 20 * PAGE, 31 * PAGE, 6),
	      "a part differs");
	SETUP(mprotect(parts.at + 31 * PAGE, PAGE, PROT_READ) == 0);
	CHECK(zt_is_filled_part(parts.at, 31 * PAGE, 39 * PAGE, 6), "what could not be read differs");
	zt_end_child(kid);
	CHECK(both.at[0] == 'c' && removed.at[0] == 'r', "what the child writes is not seen");
	CHECK_EQ(stat_of(both.id).shm_nattch, 2);
	CHECK(shmdt(removed.at) == 0, "detach: %s", strerror(errno));
	CHECK(shmctl(removed.id, IPC_STAT, &(struct shmid_ds){ 0 }) < 0, "the removed one stays");
	return zt_result();
}
