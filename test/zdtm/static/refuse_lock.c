// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File locks without --file-locks: refused, the option named.
 * zdtm-refuse: is locked .*allow it with --file-locks
 * zdtm-code: file.lock
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 10 };
	int fd, status;
	pid_t pid;

	zt_init();
	fd = open(zt_path("file"), O_RDWR | O_CREAT, 0600);
	SETUP(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0);
	zt_checkpoint();

	pid = fork();
	if (!pid)
		_exit(fcntl(fd, F_SETLK, &lock) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the lock is lost");
	return zt_result();
}
