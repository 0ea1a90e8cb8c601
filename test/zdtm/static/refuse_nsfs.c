// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A descriptor of a namespace that nobody is in: what is in there is in no image.
 * zdtm-refuse: is a namespace that no process of the tree is in, nor this tool \[file.unsupported\]
 * zdtm-code: file.unsupported
 * zdtm-flavor: h,ns,uns
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int home, fd;

	zt_init();
	home = open("/proc/self/ns/uts", O_RDONLY);
	SETUP(home >= 0 && unshare(CLONE_NEWUTS) == 0);
	fd = open("/proc/self/ns/uts", O_RDONLY);
	SETUP(fd >= 0 && setns(home, CLONE_NEWUTS) == 0 && close(home) == 0);
	zt_checkpoint();

	CHECK(ioctl(fd, NS_GET_NSTYPE) > 0, "the namespace");
	return zt_result();
}
