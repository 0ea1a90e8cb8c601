// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of /proc: of a child, of a thread's own status, a directory read half way, and sysctl;
 * after the restore they
 * show the tasks of the same numbers.
 * zdtm-peer: loses O_DIRECTORY
 * zdtm-flavor: h
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
}

int main(void)
{
	char path[64], text[512] = "";
	int status, stat, dir, sysctl, comm;
	pid_t kid;

	zt_init();
	kid = zt_child(child, NULL);
	snprintf(path, sizeof(path), "/proc/%d/status", kid);
	status = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/stat", getpid());
	stat = open(path, O_RDONLY);
	dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	sysctl = open("/proc/sys/kernel/ostype", O_RDONLY);
	comm = open("/proc/self/comm", O_RDWR);
	SETUP(status >= 0 && stat >= 0 && dir >= 0 && sysctl >= 0 && comm >= 0);
	SETUP(read(status, text, 5) == 5);
	zt_checkpoint();

	CHECK(pread(status, text, sizeof(text) - 1, 0) > 0, "the child's status cannot be read");
	snprintf(path, sizeof(path), "\nPid:\t%d\n", kid);
	CHECK(strstr(text, path), "it is not the child's: %.60s", text);
	CHECK_EQ(lseek(status, 0, SEEK_CUR), 5);
	memset(text, 0, sizeof(text));
	CHECK(pread(stat, text, sizeof(text) - 1, 0) > 0 && atoi(text) == getpid(), "stat: %.20s", text);
	CHECK(pread(sysctl, text, 5, 0) == 5 && !memcmp(text, "Linux", 5), "sysctl");
	CHECK(write(comm, "renamed", 7) == 7, "comm cannot be written");
	snprintf(path, sizeof(path), "%d", comm);
	CHECK(faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0, "/proc/self/fd is another's");
	zt_end_child(kid);
	return zt_result();
}
