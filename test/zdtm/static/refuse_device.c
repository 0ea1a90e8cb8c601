// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device that is not a memory device: refused with its numbers.
 * zdtm-refuse: device
 * zdtm-code: file.device
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int fd;

	zt_init();
	fd = open("/dev/fuse", O_RDWR);
	if (fd < 0)
		fd = open("/dev/loop-control", O_RDWR);
	if (fd < 0)
		zt_skip("no such device here");
	zt_checkpoint();

	CHECK(fcntl(fd, F_GETFL) >= 0, "the descriptor");
	return zt_result();
}
