// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session whose leader is dead and gone, with two members in two groups of it, children of the
 * root by now.
 * zdtm-peer: gives a member another parent
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static pid_t root_pid;

static void member(void *arg)
{
	pid_t session = getsid(0), group;

	if (arg)
		SETUP(setpgid(0, 0) == 0);
	group = getpgrp();
	while (getppid() != root_pid)
		zt_sleep_ms(1);
	zt_checkpoint();
	CHECK_EQ(getppid(), root_pid);
	CHECK_EQ(getsid(0), session);
	CHECK_EQ(getpgrp(), group);
	CHECK(setsid() >= 0 || group == getpid(), "setsid");
}

int main(void)
{
	struct {
		pid_t pids[2];
		char end;
	} kids;
	pid_t leader;

	zt_init();
	root_pid = getpid();
	SETUP(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	leader = fork();
	SETUP(leader >= 0);
	if (!leader) {
		SETUP(setsid() == getpid());
		for (intptr_t i = 0; i < 2; i++) {
			kids.pids[i] = fork();
			if (!kids.pids[i])
				zt_run_child(member, (void *)i);
		}
		zt_write_file(zt_path("pids"), kids.pids, sizeof(kids.pids));
		_exit(0);
	}
	SETUP(waitpid(leader, NULL, 0) == leader);
	SETUP(zt_read_file(zt_path("pids"), (char *)&kids, sizeof(kids.pids) + 1) ==
	      sizeof(kids.pids));
	for (int i = 0; i < 2; i++)
		zt_await_ready(kids.pids[i]);
	zt_checkpoint();

	for (int i = 0; i < 2; i++)
		zt_end_child(kids.pids[i]);
	return zt_result();
}
