// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parent-death signal: the grandchild gets it when the child dies after the restore, and not
 * before.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static volatile sig_atomic_t got;

static void on_death(int sig)
{
	got = sig;
}

static void grandchild(void *arg)
{
	int now = 0;

	(void)arg;
	signal(SIGUSR2, on_death);
	SETUP(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0);
	zt_checkpoint();
	CHECK_EQ(got, 0);
	CHECK(prctl(PR_GET_PDEATHSIG, &now) == 0 && now == SIGUSR2, "the signal is %d", now);
	zt_write_file(zt_path("checked"), "1", 1);
	for (int i = 0; i < 2000 && !got; i++)
		zt_sleep_ms(1);
	CHECK_EQ(got, SIGUSR2);
}

static void child(void *arg)
{
	pid_t kid = zt_child(grandchild, NULL);

	(void)arg;
	zt_write_file(zt_path("kid"), &kid, sizeof(kid));
	zt_checkpoint();
	kill(kid, SIGTERM);
	while (access(zt_path("checked"), F_OK) < 0)
		zt_sleep_ms(1);
}

int main(void)
{
	struct {
		pid_t pid;
		char end;
	} grandkid;
	pid_t kid;
	int status;

	zt_init();
	SETUP(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	kid = zt_child(child, NULL);
	SETUP(zt_read_file(zt_path("kid"), (char *)&grandkid, sizeof(pid_t) + 1) == sizeof(pid_t));
	zt_checkpoint();

	zt_end_child(kid);
	CHECK_EQ(waitpid(grandkid.pid, &status, 0), grandkid.pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "grandchild: status %#x", status);
	return zt_result();
}
