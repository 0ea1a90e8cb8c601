// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file below a directory that something has been mounted on since: its path leads elsewhere, the
 * dump is refused.
 * zdtm-refuse: unreachable|path|mount
 * zdtm-code: file.unreachable
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[8] = "";
	int fd;

	zt_init();
	SETUP(mkdir(zt_path("covered"), 0755) == 0);
	zt_write_file(zt_path("covered/file"), "content", 7);
	fd = open(zt_path("covered/file"), O_RDWR);
	SETUP(fd >= 0);
	if (mount("none", zt_path("covered"), "tmpfs", 0, "size=64k") < 0)
		zt_skip("nothing can be mounted here");
	zt_checkpoint();

	CHECK(read(fd, got, 7) == 7 && !strcmp(got, "content"), "content");
	CHECK(umount(zt_path("covered")) == 0, "the mount is gone");
	return zt_result();
}
