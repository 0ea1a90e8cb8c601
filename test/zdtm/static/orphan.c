// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Orphans below a subreaper: the child that forked them is dead; they are children of the root, in
 * odd sessions.
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static pid_t root_pid;

static void orphan(void *arg)
{
	pid_t parent = root_pid, session;
	int is_subreaper = -1;

	if (arg)
		SETUP(setsid() > 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	session = getsid(0);
	while (getppid() != parent)
		zt_sleep_ms(1);
	zt_checkpoint();
	CHECK_EQ(getppid(), parent);
	CHECK_EQ(getsid(0), session);
	CHECK(prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper == !!arg,
	      "subreaper: %d", is_subreaper);
}

int main(void)
{
	int is_subreaper = 0, status;
	pid_t middle, pids[2];
	char text[32];

	zt_init();
	root_pid = getpid();
	SETUP(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	middle = fork();
	SETUP(middle >= 0);
	if (!middle) {
		for (intptr_t i = 0; i < 2; i++) {
			pids[i] = fork();
			if (!pids[i])
				zt_run_child(orphan, (void *)i);
		}
		zt_write_file(zt_path("pids"), pids, sizeof(pids));
		_exit(0);
	}
	SETUP(waitpid(middle, &status, 0) == middle);
	SETUP(zt_read_file(zt_path("pids"), text, sizeof(text)) == sizeof(pids));
	__builtin_memcpy(pids, text, sizeof(pids));
	for (int i = 0; i < 2; i++)
		zt_await_ready(pids[i]);
	zt_checkpoint();

	CHECK(prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper) == 0 && is_subreaper == 1,
	      "no subreaper any more");
	for (int i = 0; i < 2; i++)
		zt_end_child(pids[i]);
	return zt_result();
}
