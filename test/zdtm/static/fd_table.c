// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shape of a descriptor table: holes, high numbers, standard descriptors closed; new ones take
 * the lowest hole.
 */
#include <fcntl.h>
#include <unistd.h>

#include "zdtm.h"

static const int numbers[] = { 0, 5, 6, 63, 64, 255, 1023, 1024, 4095 };

enum { N = sizeof(numbers) / sizeof(numbers[0]) };

static void child(void *arg)
{
	int fd;

	(void)arg;
	close(1);
	close(2);
	close(3);
	for (int i = 0; i < N; i++) {
		fd = open(zt_path("file"), O_RDWR);
		SETUP(fd >= 0 && lseek(fd, numbers[i], SEEK_SET) == numbers[i]);
		if (fd != numbers[i])
			SETUP(dup2(fd, numbers[i]) == numbers[i] && close(fd) == 0);
	}
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		CHECK_EQ(lseek(numbers[i], 0, SEEK_CUR), numbers[i]);
	CHECK_EQ(dup(0), 1);
	CHECK_EQ(dup(0), 2);
	CHECK_EQ(dup(0), 3);
	CHECK_EQ(dup(0), 4);
	CHECK_EQ(dup(0), 7);
}

int main(void)
{
	pid_t kid;

	zt_init();
	zt_write_file(zt_path("file"), "x", 1);
	kid = zt_child(child, NULL);
	zt_checkpoint();
	zt_end_child(kid);
	return zt_result();
}
