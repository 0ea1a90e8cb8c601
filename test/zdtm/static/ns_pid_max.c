// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The highest number that a pid namespace gives: kernel.pid_max, since Linux 6.14 of each namespace. Also of one below.
 * zdtm-flavor: ns,uns
 * zdtm-peer: loses it
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static const char path[] = "/proc/sys/kernel/pid_max";
enum { FIRST = 1111, SECOND = 777 };

static long limit(void)
{
	char text[16] = "";

	return zt_read_file(path, text, sizeof(text)) > 0 ? atol(text) : -1;
}

static bool set(long value)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && dprintf(fd, "%ld", value) > 0;

	close(fd);
	return done;
}

static ino_t file(void)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* Before 6.14 this is the setting of the machine, which is no test's to change: then a namespace has the same file. */
static bool is_for_each_namespace(void)
{
	ino_t here = file();
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(2);
		pid = fork();
		if (!pid)
			_exit(file() == here);
		_exit(waitpid(pid, &status, 0) != pid || status);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

static void below(void *arg)
{
	(void)arg;
	SETUP(set(SECOND));
	zt_checkpoint();
	CHECK_EQ(limit(), SECOND);
}

int main(void)
{
	pid_t kid;

	zt_init();
	if (!is_for_each_namespace())
		zt_skip("kernel.pid_max is that of the machine");
	kid = zt_clone_child(CLONE_NEWPID, below, NULL);
	SETUP(set(FIRST));
	zt_checkpoint();
	CHECK_EQ(limit(), FIRST);
	zt_end_child(kid);
	return zt_result();
}
