// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The working directory three levels down in a tree that has been removed, with a deleted file open in it.
 * zdtm-peer: cannot remove what it made
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[8] = "";
	struct stat st;
	int fd, middle;

	zt_init();
	SETUP(mkdir("a", 0755) == 0 && mkdir("a/b", 0711) == 0 && mkdir("a/b/c", 0700) == 0);
	middle = open("a/b", O_RDONLY | O_DIRECTORY);
	SETUP(middle >= 0 && chdir("a/b/c") == 0);
	zt_write_file("file", "content", 7);
	fd = open("file", O_RDWR);
	SETUP(fd >= 0 && unlink("file") == 0);
	SETUP(rmdir(zt_path("a/b/c")) == 0 && rmdir(zt_path("a/b")) == 0 && rmdir(zt_path("a")) == 0);
	zt_checkpoint();

	CHECK(read(fd, got, 7) == 7 && !strcmp(got, "content"), "content");
	CHECK(stat(".", &st) == 0 && (st.st_mode & 0777) == 0700 && st.st_nlink == 0, "cwd: mode %o, %lu links",
	      st.st_mode, (unsigned long)st.st_nlink);
	CHECK(fstat(middle, &st) == 0 && (st.st_mode & 0777) == 0711, "the middle one: mode %o", st.st_mode);
	CHECK(open("new", O_CREAT | O_RDWR, 0600) < 0 && errno == ENOENT, "the cwd lives again");
	CHECK(access(zt_path("a"), F_OK) < 0, "the tree is back");
	return zt_result();
}
