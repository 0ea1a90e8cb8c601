// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A lease: refused.
 * zdtm-refuse: lease|lock
 * zdtm-code: file.lease
 */
#include <fcntl.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int fd;

	zt_init();
	zt_write_file(zt_path("file"), "x", 1);
	fd = open(zt_path("file"), O_RDONLY);
	SETUP(fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
	zt_checkpoint();

	CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	return zt_result();
}
