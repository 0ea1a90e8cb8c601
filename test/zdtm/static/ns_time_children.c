// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes whose children have another time than they have themselves, as unshare(1) --time: one that has a child and a
 * grandchild there and a child in its own time, one that has no child yet.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses time namespaces below the root's
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

enum { AHEAD = 1000000, A_MINUTE = 60 };

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void check_clock(const char *who, time_t then)
{
	time_t now = seconds();

	CHECK(now >= then && now - then < A_MINUTE, "%s: the clock went from %ld to %ld", who, then, now);
}

static void leave(void)
{
	static const char offsets[] = "monotonic 1000000 0\n";
	int fd;

	SETUP(unshare(CLONE_NEWTIME) == 0 && (fd = open("/proc/self/timens_offsets", O_WRONLY)) >= 0);
	SETUP(write(fd, offsets, strlen(offsets)) == (ssize_t)strlen(offsets) && close(fd) == 0);
}

static void stays(void *arg)
{
	time_t then = seconds();

	zt_checkpoint();
	check_clock(arg, then);
}

static void has_child(void *arg)
{
	pid_t pid = zt_child(stays, "grandchild");

	stays(arg);
	zt_end_child(pid);
}

/* Like its parent, not like its siblings. */
static void goes_back(void *arg)
{
	int fd = atoi(arg);

	SETUP(setns(fd, CLONE_NEWTIME) == 0 && close(fd) == 0);
	stays("one that went back");
}

static time_t time_of_next_child(void)
{
	int ends[2];
	time_t now = 0;

	if (pipe(ends) < 0)
		return -1;
	if (!fork()) {
		now = seconds();
		_exit(write(ends[1], &now, sizeof(now)) != sizeof(now));
	}
	close(ends[1]);
	if (read(ends[0], &now, sizeof(now)) != sizeof(now))
		now = -1;
	close(ends[0]);
	wait(NULL);
	return now;
}

static void check_children(const char *who, time_t own, time_t then)
{
	time_t of_child = time_of_next_child();

	check_clock(who, own);
	CHECK(of_child >= then && of_child - then < A_MINUTE, "%s: a child's clock is at %ld, was at %ld", who, of_child, then);
}

static void has_children(void *arg)
{
	time_t own = seconds(), of_child;
	pid_t first, second;
	char number[16];
	int fd;

	(void)arg;
	fd = open("/proc/self/ns/time", O_RDONLY);
	SETUP(fd >= 0);
	snprintf(number, sizeof(number), "%d", fd);
	leave();
	first = zt_child(has_child, "child");
	second = zt_child(goes_back, number);
	close(fd);
	of_child = time_of_next_child();
	SETUP(of_child > own + AHEAD / 2);
	zt_checkpoint();
	check_children("parent", own, of_child);
	zt_end_child(first);
	zt_end_child(second);
}

static void has_none(void *arg)
{
	time_t own = seconds();

	(void)arg;
	leave();
	zt_checkpoint();
	check_children("one without children", own, own + AHEAD);
}

int main(void)
{
	pid_t first, second;

	zt_init();
	if (access("/proc/self/ns/time", F_OK) < 0)
		zt_skip("no time namespaces here");
	first = zt_child(has_children, NULL);
	second = zt_child(has_none, NULL);
	zt_checkpoint();
	zt_end_child(first);
	zt_end_child(second);
	return zt_result();
}
