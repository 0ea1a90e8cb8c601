// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program's own file has been removed while it runs (an upgrade): /proc/self/exe still names
 * and opens it.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void copy_self(const char *to)
{
	static char text[1 << 22];
	ssize_t len = zt_read_file("/proc/self/exe", text, sizeof(text));

	SETUP(len > 0);
	zt_write_file(to, text, (size_t)len);
	SETUP(chmod(to, 0755) == 0);
}

int main(int argc, char **argv)
{
	char link[PATH_MAX] = "";
	struct stat st;

	zt_init();
	if (argc == 1) {
		copy_self(zt_path("copy"));
		execl(zt_path("copy"), argv[0], "again", NULL);
		SETUP(!"exec");
	}
	SETUP(unlink(zt_path("copy")) == 0);
	zt_checkpoint();

	CHECK(readlink("/proc/self/exe", link, sizeof(link) - 1) > 0 &&
		      strstr(link, "/copy (deleted)"),
	      "exe is %s", link);
	CHECK(stat("/proc/self/exe", &st) == 0 && st.st_size > 1000, "the file of the program");
	CHECK(access(zt_path("copy"), F_OK) < 0, "the file is back");
	return zt_result();
}
