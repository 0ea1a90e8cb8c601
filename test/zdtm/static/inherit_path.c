// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A regular file whose place is taken by a descriptor of the caller, by its path.
 * zdtm-restore: --inherit-fd fd[77]:{path:one}
 * zdtm-inherit: 77 other
 * zdtm-ignore: fd 3
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct stat st, by_name;
	int fd;

	zt_init();
	zt_write_file(zt_path("one"), "one", 3);
	zt_write_file(zt_path("other"), "other", 5);
	fd = open(zt_path("one"), O_RDWR);
	SETUP(fd == 3);
	zt_checkpoint();

	CHECK(fstat(fd, &st) == 0 && stat(zt_path("other"), &by_name) == 0, "stat");
	CHECK(st.st_ino == by_name.st_ino, "the descriptor is not the one that was given");
	return zt_result();
}
