// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device node whose path is another node of the same device by now (udev made it anew):
 * --evasive-devices takes it.
 * zdtm-opts: --evasive-devices
 * zdtm-ignore: fd 3: (inode|target|mnt_id|mode)
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct stat st;
	char c = 1;
	int fd;

	zt_init();
	if (mknod(zt_path("zero"), S_IFCHR | 0600, makedev(1, 5)) < 0)
		zt_skip("no device nodes can be made here");
	fd = open(zt_path("zero"), O_RDWR);
	SETUP(fd == 3 && unlink(zt_path("zero")) == 0);
	SETUP(mknod(zt_path("zero"), S_IFCHR | 0600, makedev(1, 5)) == 0);
	zt_checkpoint();

	CHECK(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5),
	      "another device");
	CHECK(read(fd, &c, 1) == 1 && c == 0, "reads %d", c);
	return zt_result();
}
