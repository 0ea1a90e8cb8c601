// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A descriptor that is not part of the snapshot: named at the dump, and given by the caller at the
 * restore.
 * zdtm-dump: --external file[{mnt:3}:{ino:3}]
 * zdtm-restore: --inherit-fd fd[77]:file[{mnt:3}:{ino:3}]
 * zdtm-inherit: 77 other
 * zdtm-ignore: fd 3
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct stat st, by_name;
	int fd;

	zt_init();
	zt_write_file(zt_path("one"), "one", 3);
	zt_write_file(zt_path("other"), "two", 3);
	fd = open(zt_path("one"), O_RDWR);
	SETUP(fd == 3);
	zt_checkpoint();

	CHECK(fstat(fd, &st) == 0 && stat(zt_path("other"), &by_name) == 0, "stat");
	CHECK(st.st_ino == by_name.st_ino, "the descriptor is not the one that was given");
	return zt_result();
}
