// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open directories: entries read half way, openat through them, O_PATH ones, and one moved to
 * another name.
 * zdtm-peer: loses O_DIRECTORY
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 50 };

static int read_names(DIR *dir, int limit, bool *seen)
{
	struct dirent *entry;
	int n = 0;

	while (n < limit && (entry = readdir(dir))) {
		int number;

		if (sscanf(entry->d_name, "entry%d", &number) != 1)
			continue;
		CHECK(!seen[number], "%s is told twice", entry->d_name);
		seen[number] = true;
		n++;
	}
	return n;
}

int main(void)
{
	bool seen[N] = { false };
	int fd, path_fd, moved, file;
	char name[64];
	struct stat st;
	DIR *dir;

	zt_init();
	SETUP(mkdir(zt_path("dir"), 0755) == 0 && mkdir(zt_path("old"), 0755) == 0);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "dir/entry%d", i);
		zt_write_file(zt_path(name), name, strlen(name));
	}
	dir = opendir(zt_path("dir"));
	SETUP(dir && read_names(dir, 10, seen) == 10);
	fd = open(zt_path("dir"), O_RDONLY | O_DIRECTORY);
	path_fd = open(zt_path("dir"), O_PATH | O_DIRECTORY);
	moved = open(zt_path("old"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	SETUP(fd >= 0 && path_fd >= 0 && moved >= 0 && rename(zt_path("old"), zt_path("new")) == 0);
	zt_checkpoint();

	CHECK_EQ(read_names(dir, N, seen), N - 10);
	for (int i = 0; i < N; i++)
		CHECK(seen[i], "entry%d is not told", i);
	CHECK(openat(fd, "entry7", O_RDONLY) >= 0 && openat(path_fd, "entry8", O_RDONLY) >= 0,
	      "openat");
	CHECK(fcntl(path_fd, F_GETFL) & O_PATH, "O_PATH is lost");
	CHECK(fchmod(path_fd, 0700) < 0, "the O_PATH descriptor is an ordinary one");
	file = openat(moved, "made", O_CREAT | O_RDWR, 0600);
	CHECK(file >= 0 && stat(zt_path("new/made"), &st) == 0, "the moved directory");
	CHECK_EQ(fcntl(moved, F_GETFD), FD_CLOEXEC);
	return zt_result();
}
