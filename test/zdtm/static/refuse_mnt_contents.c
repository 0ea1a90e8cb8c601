// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hugetlbfs whose only file begins with a dot: no image holds it, and an empty one would be a loss.
 * zdtm-refuse: hugetlbfs.* has something in it that no image can hold.*\[mount.contents\]
 * zdtm-code: mount.contents
 * zdtm-flavor: h
 * zdtm-peer: another message
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	int fd;

	(void)arg;
	SETUP(unshare(CLONE_NEWNS) == 0);
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(zt_path("huge"), 0755) == 0);
	if (mount("huge", zt_path("huge"), "hugetlbfs", 0, NULL) < 0)
		zt_skip("no hugetlbfs here: %s", strerror(errno));
	fd = open(zt_path("huge/.hidden"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	SETUP(fd >= 0 && close(fd) == 0);
	zt_checkpoint();
}

int main(void)
{
	return zt_in_child(child);
}
