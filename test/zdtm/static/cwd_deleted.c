// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A working directory that has been removed: it stays one without a name, nothing can be made in
 * it.
 * zdtm-peer: loses O_DIRECTORY of the descriptor
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct stat st;
	char cwd[PATH_MAX];
	int fd;

	zt_init();
	SETUP(mkdir("gone", 0750) == 0 && chdir("gone") == 0);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	SETUP(fd >= 0 && rmdir("../gone") == 0);
	zt_checkpoint();

	CHECK(syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0 && errno == ENOENT,
	      "the directory has a name: %s", cwd);
	CHECK(stat(".", &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0750, "mode %o",
	      st.st_mode);
	CHECK_EQ(st.st_nlink, 0);
	CHECK(open("new", O_CREAT | O_WRONLY, 0600) < 0 && errno == ENOENT,
	      "a file can be made in it");
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0, "the descriptor");
	CHECK(access(zt_path("gone"), F_OK) < 0, "the directory is back");
	return zt_result();
}
