// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file whose name is gone while it has another one elsewhere: refused, --link-remap named.
 * zdtm-refuse: link-remap
 * zdtm-code: file.link-remap
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct stat st;
	int fd;

	zt_init();
	zt_write_file(zt_path("one"), "content", 7);
	SETUP(link(zt_path("one"), zt_path("two")) == 0);
	fd = open(zt_path("one"), O_RDWR);
	SETUP(fd >= 0 && unlink(zt_path("one")) == 0);
	zt_checkpoint();

	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 1, "%lu links", (unsigned long)st.st_nlink);
	CHECK(access(zt_path("one"), F_OK) < 0, "the name is back");
	return zt_result();
}
