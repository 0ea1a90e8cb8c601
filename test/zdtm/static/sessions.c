// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions and process groups: of live leaders, of leaders below, of a dead leader whose group
 * lives on.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static pid_t group_of_dead, root_session;

static void own_session(void *arg)
{
	pid_t kid;

	(void)arg;
	SETUP(setsid() == getpid());
	kid = fork();
	SETUP(kid >= 0);
	if (!kid) {
		/* two groups in one session */
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(kid, kid);
	zt_checkpoint();
	CHECK_EQ(getsid(0), getpid());
	CHECK_EQ(getpgid(kid), kid);
	CHECK_EQ(getsid(kid), getpid());
	kill(-kid, SIGKILL);
	CHECK_EQ(waitpid(kid, NULL, 0), kid);
}

static void in_group_of_dead(void *arg)
{
	(void)arg;
	SETUP(setpgid(0, group_of_dead) == 0);
	zt_checkpoint();
	CHECK_EQ(getpgrp(), group_of_dead);
	CHECK_EQ(getsid(0), root_session);
}

static void own_group(void *arg)
{
	(void)arg;
	SETUP(setpgid(0, 0) == 0);
	zt_checkpoint();
	CHECK_EQ(getpgrp(), getpid());
	CHECK_EQ(getsid(0), root_session);
}

int main(void)
{
	pid_t kids[3];

	zt_init();
	root_session = getsid(0);
	group_of_dead = fork();
	if (!group_of_dead) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	SETUP(setpgid(group_of_dead, group_of_dead) == 0);
	kids[0] = zt_child(own_session, NULL);
	kids[1] = zt_child(in_group_of_dead, NULL);
	kids[2] = zt_child(own_group, NULL);
	kill(group_of_dead, SIGKILL);
	SETUP(waitpid(group_of_dead, NULL, 0) == group_of_dead);
	zt_checkpoint();

	CHECK_EQ(getsid(0), getpid());
	CHECK_EQ(root_session, getpid());
	for (int i = 0; i < 3; i++)
		zt_end_child(kids[i]);
	return zt_result();
}
