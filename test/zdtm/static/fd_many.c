// SPDX-License-Identifier: GPL-2.0-or-later
/* A thousand descriptors of many kinds, every seventh one also in a child. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 1000 };

static int fds[N];

static void check_one(int i)
{
	uint64_t value = 0;

	if (i % 3 == 0)
		CHECK(lseek(fds[i], 0, SEEK_CUR) == i, "file %d", i);
	else if (i % 3 == 1)
		CHECK(read(fds[i], &value, 8) == 8 && value == (uint64_t)i, "eventfd %d: %llu", i,
		      (unsigned long long)value);
	else
		CHECK(read(fds[i], &value, 8) == 4 && value == (uint32_t)i, "pipe %d: %llu", i,
		      (unsigned long long)value);
}

static void child(void *arg)
{
	(void)arg;
	for (int i = 0; i < N; i++)
		if (i % 7)
			close(fds[i]);
	zt_checkpoint();
	for (int i = 0; i < N; i += 7)
		check_one(i);
}

int main(void)
{
	struct rlimit limit = { 4096, 4096 };
	int ends[2];
	pid_t kid;

	zt_init();
	SETUP(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	zt_write_file(zt_path("file"), "x", 1);
	for (int i = 0; i < N; i++) {
		if (i % 3 == 0) {
			fds[i] = open(zt_path("file"), O_RDWR);
			SETUP(fds[i] >= 0 && lseek(fds[i], i, SEEK_SET) == i);
		} else if (i % 3 == 1) {
			fds[i] = eventfd((unsigned int)i, EFD_NONBLOCK);
		} else {
			SETUP(pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], &i, 4) == 4);
			fds[i] = ends[0];
		}
		SETUP(fds[i] >= 0);
	}
	kid = zt_child(child, NULL);
	zt_checkpoint();

	for (int i = 0; i < N; i++)
		if (i % 7)
			check_one(i);
	zt_end_child(kid);
	return zt_result();
}
