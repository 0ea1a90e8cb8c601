// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zombies that still lead: a session and a group with members alive, whose leaders have ended and
 * are not waited for.
 * zdtm-peer: gives the members another parent
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static pid_t root_pid;

static void member(void *arg)
{
	pid_t session = getsid(0), group = getpgrp();

	(void)arg;
	while (getppid() != root_pid)
		zt_sleep_ms(1);
	zt_checkpoint();
	CHECK_EQ(getsid(0), session);
	CHECK_EQ(getpgrp(), group);
	CHECK_EQ(getppid(), root_pid);
}

/* Leads a session or a group, has a member, and ends. */
static pid_t start_leader(bool session, pid_t *ret_member)
{
	int ends[2];
	pid_t leader;
	siginfo_t info;

	SETUP(pipe(ends) == 0);
	leader = fork();
	SETUP(leader >= 0);
	if (!leader) {
		pid_t kid;

		SETUP(session ? setsid() == getpid() : setpgid(0, 0) == 0);
		kid = fork();
		close(ends[0]);
		if (!kid) {
			close(ends[1]);
			zt_run_child(member, NULL);
		}
		_exit(write(ends[1], &kid, sizeof(kid)) == sizeof(kid) ? 21 : 1);
	}
	SETUP(read(ends[0], ret_member, sizeof(*ret_member)) == sizeof(*ret_member));
	SETUP(close(ends[0]) == 0 && close(ends[1]) == 0);
	SETUP(waitid(P_PID, (id_t)leader, &info, WEXITED | WNOWAIT) == 0);
	zt_await_ready(*ret_member);
	return leader;
}

int main(void)
{
	pid_t leaders[2], members[2];

	zt_init();
	root_pid = getpid();
	SETUP(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	for (int i = 0; i < 2; i++)
		leaders[i] = start_leader(i == 0, &members[i]);
	zt_checkpoint();

	for (int i = 0; i < 2; i++) {
		int status = 0;

		CHECK(waitpid(leaders[i], &status, WNOHANG) == leaders[i] && status == 21 << 8,
		      "leader %d: status %#x", i, status);
		zt_end_child(members[i]);
	}
	return zt_result();
}
