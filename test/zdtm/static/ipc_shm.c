// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System V segments that nobody has attached: ids, keys, sizes, contents with holes and pages of zeros, bytes behind the
 * size; a segment that was never touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "zdtm.h"

enum { SEGMENTS = 12, PAGE = 4096, SPARSE = 64 << 20 };

static struct {
	int id;
	size_t size;
	struct shmid_ds ds;
} segments[SEGMENTS];

static char *attach(int i, int flags)
{
	char *at = shmat(segments[i].id, NULL, flags);

	return at == (void *)-1 ? NULL : at;
}

static size_t rounded(int i)
{
	return (segments[i].size + PAGE - 1) / PAGE * PAGE;
}

static int is_sparse(int i)
{
	return i == SEGMENTS - 1;
}

/* Of each: nothing, all of it, or every third page; and the bytes behind the size, in the last page. */
static void fill(int i)
{
	char *at = attach(i, 0);

	SETUP(at != NULL);
	if (is_sparse(i)) {
		zt_fill(at + 5 * PAGE, PAGE, 1);
		zt_fill(at + SPARSE - PAGE, PAGE, 2);
		memset(at + (8 << 20), 0, 4 * PAGE);
	} else if (i % 3 == 1) {
		zt_fill(at, rounded(i), i);
	} else if (i % 3 == 2) {
		for (size_t k = 0; k < rounded(i); k += 3 * PAGE)
			zt_fill(at + k, PAGE, i + k);
	}
	SETUP(shmdt(at) == 0);
}

static int is_zero(const char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

static void check_contents(int i, const char *at)
{
	if (is_sparse(i)) {
		CHECK(zt_is_filled(at + 5 * PAGE, PAGE, 1), "first page of the sparse one");
		CHECK(zt_is_filled(at + SPARSE - PAGE, PAGE, 2), "last page of the sparse one");
		CHECK(is_zero(at + (8 << 20), 1 << 20), "a hole of the sparse one");
	} else if (i % 3 == 1) {
		CHECK(zt_is_filled(at, rounded(i), i), "contents of segment %d", i);
	} else if (i % 3 == 0) {
		CHECK(is_zero(at, rounded(i)), "segment %d was empty", i);
	} else {
		for (size_t k = 0; k < rounded(i); k += PAGE)
			CHECK(k % (3 * PAGE) ? is_zero(at + k, PAGE) : zt_is_filled(at + k, PAGE, i + k),
			      "page %zu of segment %d", k / PAGE, i);
	}
}

static void check(int i)
{
	struct shmid_ds ds;
	char *at;

	CHECK(shmctl(segments[i].id, IPC_STAT, &ds) == 0, "segment %d: %s", segments[i].id, strerror(errno));
	CHECK_EQ(ds.shm_segsz, segments[i].size);
	CHECK_EQ(ds.shm_perm.__key, segments[i].ds.shm_perm.__key);
	CHECK_EQ(ds.shm_perm.mode, segments[i].ds.shm_perm.mode);
	CHECK_EQ(ds.shm_nattch, 0);
	at = attach(i, SHM_RDONLY);
	CHECK(at != NULL, "attach: %s", strerror(errno));
	if (at)
		check_contents(i, at);
	shmdt(at);
}

int main(void)
{
	struct shm_info info;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	SETUP(shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600) >= 0);
	for (int i = 0; i < SEGMENTS; i++) {
		segments[i].size = is_sparse(i) ? SPARSE : (size_t)(i * 5 + 1) * PAGE - i * 100;
		segments[i].id = shmget(i % 2 ? 0x54000 + i : IPC_PRIVATE, segments[i].size, IPC_CREAT | 0600);
		SETUP(segments[i].id >= 0);
		if (i)
			fill(i);
		SETUP(shmctl(segments[i].id, IPC_STAT, &segments[i].ds) == 0);
		segments[i].ds.shm_perm.mode = 0600 + i;
		SETUP(shmctl(segments[i].id, IPC_SET, &segments[i].ds) == 0);
		SETUP(shmctl(segments[i].id, IPC_STAT, &segments[i].ds) == 0);
	}
	zt_checkpoint();

	CHECK(shmctl(0, SHM_INFO, (void *)&info) >= 0 && info.shm_rss < (2 << 20) / PAGE,
	      "%lu pages are used, holes were filled", info.shm_rss);
	for (int i = 0; i < SEGMENTS; i++)
		check(i);
	return zt_result();
}
