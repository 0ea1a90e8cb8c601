// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stopped tasks: by several signals, with threads, reported to the parent or not yet; they go on
 * when continued.
 * zdtm-peer: refuses stops by SIGTTIN and SIGTTOU
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static const int signals[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

static void *idle(void *arg)
{
	zt_wait();
	return arg;
}

static void child(void *arg)
{
	pthread_t thread;

	(void)arg;
	/* terminal stop signals do nothing in an orphaned group, which that of the root is */
	SETUP(setpgid(0, 0) == 0);
	SETUP(pthread_create(&thread, NULL, idle, NULL) == 0);
	zt_checkpoint();
	pthread_join(thread, NULL);
}

int main(void)
{
	pid_t kids[4];
	siginfo_t info;

	zt_init();
	for (int i = 0; i < 4; i++) {
		kids[i] = zt_child(child, NULL);
		SETUP(kill(kids[i], signals[i]) == 0);
		/*
		 * the stop of the odd ones has been taken by the parent, that of the even ones
		 * waits to be
		 */
		SETUP(waitid(P_PID, (id_t)kids[i], &info, WSTOPPED | (i % 2 ? 0 : WNOWAIT)) == 0);
	}
	zt_checkpoint();

	for (int i = 0; i < 4; i++) {
		int status = 0;

		if (i % 2 == 0)
			CHECK(waitpid(kids[i], &status, WUNTRACED | WNOHANG) == kids[i] &&
				      WIFSTOPPED(status) && WSTOPSIG(status) == signals[i],
			      "child %d: the stop is not reported: status %#x", i, status);
		else
			CHECK_EQ(waitpid(kids[i], &status, WUNTRACED | WNOHANG), 0);
		CHECK(kill(kids[i], SIGCONT) == 0, "kill");
		CHECK(waitpid(kids[i], &status, WCONTINUED) == kids[i] && WIFCONTINUED(status),
		      "child %d: not continued", i);
		zt_end_child(kids[i]);
	}
	return zt_result();
}
