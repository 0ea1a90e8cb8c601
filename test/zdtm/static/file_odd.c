// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that were never named or are not on disk: O_TMPFILE, tmpfs, /proc of the process itself,
 * /sys; and a far position.
 * zdtm-ignore: fd 3: flags
 * zdtm-flavor: h
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[256] = "", name[64];
	int tmpfile, shm, status, sys, far;
	struct stat st;

	zt_init();
	tmpfile = open(zt_path("."), O_TMPFILE | O_RDWR, 0600);
	SETUP(tmpfile >= 0 && write(tmpfile, "nameless", 8) == 8);
	snprintf(name, sizeof(name), "/dev/shm/zdtm-%d", getpid());
	shm = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	SETUP(shm >= 0 && write(shm, "in memory", 9) == 9 && unlink(name) == 0);
	status = open("/proc/self/status", O_RDONLY);
	sys = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY);
	far = open(zt_path("far"), O_RDWR | O_CREAT, 0600);
	SETUP(status >= 0 && sys >= 0 && far >= 0 && lseek(far, 5l << 40, SEEK_SET) == 5l << 40);
	zt_checkpoint();

	CHECK(pread(tmpfile, got, 8, 0) == 8 && !memcmp(got, "nameless", 8), "O_TMPFILE");
	CHECK(fstat(tmpfile, &st) == 0 && st.st_nlink == 0, "O_TMPFILE has %lu links",
	      (unsigned long)st.st_nlink);
	CHECK(lseek(tmpfile, 0, SEEK_CUR) == 8, "O_TMPFILE: position");
	CHECK(pread(shm, got, 9, 0) == 9 && !memcmp(got, "in memory", 9), "tmpfs");
	CHECK(access(name, F_OK) < 0, "the tmpfs file has its name again");
	CHECK(read(status, got, sizeof(got) - 1) > 0 && strstr(got, "file_odd"),
	      "/proc/self/status: %.20s", got);
	CHECK(read(sys, got, sizeof(got)) > 0, "/sys");
	CHECK(lseek(far, 0, SEEK_CUR) == 5l << 40, "far position");
	return zt_result();
}
