// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A child in a time namespace of its own: its clocks go on from what it saw last, far from those of the host.
 * zdtm-peer: refuses time namespaces below the root's
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

enum { AHEAD = 1000000, A_MINUTE = 60 };

static time_t seconds(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec;
}

static void child(void *arg)
{
	time_t mono = seconds(CLOCK_MONOTONIC), boot = seconds(CLOCK_BOOTTIME), after;

	(void)arg;
	zt_checkpoint();
	after = seconds(CLOCK_MONOTONIC);
	CHECK(after >= mono && after - mono < A_MINUTE, "monotonic clock went from %ld to %ld", mono, after);
	after = seconds(CLOCK_BOOTTIME);
	CHECK(after >= boot && after - boot < A_MINUTE, "boottime clock went from %ld to %ld", boot, after);
}

int main(void)
{
	static const char offsets[] = "monotonic 1000000 0\nboottime 2000000 0\n";
	time_t host = seconds(CLOCK_MONOTONIC);
	int own, fd;
	pid_t kid;

	zt_init();
	if (access("/proc/self/ns/time", F_OK) < 0 || unshare(CLONE_NEWTIME) < 0)
		zt_skip("no time namespaces here");
	fd = open("/proc/self/timens_offsets", O_WRONLY);
	SETUP(fd >= 0 && write(fd, offsets, strlen(offsets)) == (ssize_t)strlen(offsets));
	close(fd);
	kid = zt_child(child, NULL);
	own = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	/* Back again for later children; the root itself has never left. */
	SETUP(setns(own, CLONE_NEWTIME) == 0);
	close(own);
	zt_checkpoint();

	CHECK(seconds(CLOCK_MONOTONIC) - host < AHEAD / 2, "the root's clock is the child's now");
	zt_end_child(kid);
	return zt_result();
}
