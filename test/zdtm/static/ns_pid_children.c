// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes whose children are born into another pid namespace than they are in: as unshare(1) with --fork waits for its
 * child, and one that has forked none yet.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested pid namespaces
 */
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

/* The pid of a new child as it sees itself. */
static pid_t next_born(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(getpid() < 100 ? getpid() : 100);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void is_init(void *arg)
{
	(void)arg;
	SETUP(getpid() == 1);
	zt_checkpoint();
}

static void has_forked(void *arg)
{
	pid_t init, second;

	(void)arg;
	SETUP(unshare(CLONE_NEWPID) == 0);
	init = zt_clone_child(0, is_init, NULL);
	zt_checkpoint();

	second = next_born();
	CHECK(second > 1 && second < 100, "a second child sees itself as %d", second);
	zt_end_child(init);
	CHECK(fork() < 0, "a child is born into a namespace without an init");
}

static void will_fork(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWPID) == 0);
	zt_checkpoint();
	CHECK_EQ(next_born(), 1);
}

int main(void)
{
	pid_t first, second;

	zt_init();
	first = zt_child(has_forked, NULL);
	second = zt_child(will_fork, NULL);
	zt_checkpoint();
	zt_end_child(first);
	zt_end_child(second);
	return zt_result();
}
