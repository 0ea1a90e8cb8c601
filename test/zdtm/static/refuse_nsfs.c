// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A descriptor of a namespace: refused until its kind exists.
 * zdtm-refuse: ns|namespace
 * zdtm-peer: saves it
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int fd;

	zt_init();
	fd = open("/proc/self/ns/net", O_RDONLY);
	SETUP(fd >= 0);
	zt_checkpoint();

	CHECK(ioctl(fd, NS_GET_NSTYPE) > 0, "the namespace");
	return zt_result();
}
