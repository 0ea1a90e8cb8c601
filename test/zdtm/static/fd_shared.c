// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One open description behind several descriptors, in one process and across processes: one
 * position, one set of flags.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static int fd, copy, separate;

static void child(void *arg)
{
	int far;

	(void)arg;
	far = fcntl(fd, F_DUPFD, 500);
	SETUP(far >= 500 && close(fd) == 0);
	zt_checkpoint();
	CHECK_EQ(lseek(far, 0, SEEK_CUR), 7);
	CHECK_EQ(lseek(far, 20, SEEK_SET), 20);
	CHECK(fcntl(far, F_SETFL, O_APPEND) == 0, "F_SETFL");
}

int main(void)
{
	pid_t kid;

	zt_init();
	zt_write_file(zt_path("file"), "abcdefghijklmnopqrstuvwxyz", 26);
	fd = open(zt_path("file"), O_RDWR);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	separate = open(zt_path("file"), O_RDWR);
	SETUP(fd >= 0 && copy >= 100 && separate >= 0 && lseek(copy, 7, SEEK_SET) == 7);
	kid = zt_child(child, NULL);
	zt_checkpoint();

	CHECK(fcntl(copy, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFD) == 0, "close-on-exec");
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
	zt_end_child(kid);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 20);
	CHECK_EQ(lseek(copy, 0, SEEK_CUR), 20);
	CHECK_EQ(lseek(separate, 0, SEEK_CUR), 0);
	CHECK((fcntl(fd, F_GETFL) & O_APPEND) && !(fcntl(separate, F_GETFL) & O_APPEND),
	      "the flags are not shared");
	return zt_result();
}
