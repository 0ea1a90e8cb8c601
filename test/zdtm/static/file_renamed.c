// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that was renamed while open. */
#include <fcntl.h>
#include <stdio.h>
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
	zt_write_file(zt_path("first"), "content", 7);
	fd = open(zt_path("first"), O_RDWR);
	SETUP(fd >= 0 && rename(zt_path("first"), zt_path("second")) == 0 &&
	      lseek(fd, 3, SEEK_SET) == 3);
	zt_checkpoint();

	CHECK(read(fd, got, 4) == 4 && !memcmp(got, "tent", 4), "content");
	CHECK(fstat(fd, &st) == 0 && stat(zt_path("second"), &by_name) == 0 &&
		      st.st_ino == by_name.st_ino,
	      "another file");
	return zt_result();
}
