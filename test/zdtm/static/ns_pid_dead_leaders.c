// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process groups and sessions in a nested pid namespace whose leaders have ended, and in one inside of that: their members
 * see the same numbers, also of each other's.
 * zdtm-flavor: h,ns,uns
 * zdtm-peer: refuses nested pid namespaces
 */
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static void stays(void *arg)
{
	pid_t pgid, sid;

	(void)arg;
	pgid = getpgid(0);
	sid = getsid(0);
	SETUP(pgid > 0 && (sid > 0) == (arg != NULL));
	zt_checkpoint();
	CHECK_EQ(getpgid(0), pgid);
	CHECK_EQ(getsid(0), sid);
}

static void leads_group(void *arg)
{
	SETUP(setpgid(0, 0) == 0);
	zt_clone_child(0, stays, arg);
	zt_clone_child(0, stays, arg);
	zt_ready();
}

static void leads_session(void *arg)
{
	(void)arg;
	SETUP(setsid() == getpid());
	zt_clone_child(0, stays, "in a session");
	/* A group of its own in that session, the leader of which ends, too. */
	pid_t pid = zt_clone_child(0, leads_group, "in a session");

	SETUP(waitpid(pid, NULL, 0) == pid);
	zt_ready();
}

/* Both leaders end: what they leave is this one's. */
static void lives(void *arg)
{
	pid_t group, session, pid;
	int status, n = 0;

	if (arg)
		zt_clone_child(CLONE_NEWPID, lives, NULL);

	group = zt_clone_child(0, leads_group, NULL);
	session = zt_clone_child(0, leads_session, NULL);
	SETUP(waitpid(group, NULL, 0) == group && waitpid(session, NULL, 0) == session);
	zt_checkpoint();
	CHECK(kill(-1, SIGTERM) == 0, "tell everybody in here");
	while ((pid = wait(&status)) > 0) {
		CHECK(!status, "process %d: wait status %#x", pid, status);
		n++;
	}
	CHECK_EQ(n, arg ? 6 : 5);
}

int main(void)
{
	pid_t pid;

	zt_init();
	pid = zt_clone_child(CLONE_NEWPID, lives, "with one more inside");
	zt_checkpoint();
	zt_end_child(pid);
	return zt_result();
}
