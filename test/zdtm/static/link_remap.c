// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that lost the name it was opened by and has another: with --link-remap it is the same
 * file afterwards.
 * zdtm-dump: --link-remap
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct stat st, by_name;
	char got[8] = "";
	int fd;

	zt_init();
	zt_write_file(zt_path("one"), "content", 7);
	SETUP(link(zt_path("one"), zt_path("two")) == 0);
	fd = open(zt_path("one"), O_RDWR);
	SETUP(fd >= 0 && lseek(fd, 3, SEEK_SET) == 3 && unlink(zt_path("one")) == 0);
	zt_checkpoint();

	CHECK(read(fd, got, 4) == 4 && !strcmp(got, "tent"), "content");
	CHECK(fstat(fd, &st) == 0 && stat(zt_path("two"), &by_name) == 0 &&
		      st.st_ino == by_name.st_ino,
	      "another file");
	CHECK_EQ(st.st_nlink, 1);
	CHECK(access(zt_path("one"), F_OK) < 0, "the name is back");
	return zt_result();
}
