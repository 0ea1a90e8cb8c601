// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zombies keep their pid and status: exit codes, signals (but not that a core was written); each is
 * reaped after the restore.
 * zdtm-peer: turns exit code 255 into 127
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

enum { N_ZOMBIES = 6 };

static void die(int how)
{
	static const struct rlimit no_core = { 0, 0 };

	switch (how) {
	case 0: _exit(0);
	case 1: _exit(255);
	case 2: raise(SIGKILL); break;
	case 3:
		setrlimit(RLIMIT_CORE, &no_core);
		raise(SIGSEGV);
		break;
	case 4:
		prctl(PR_SET_NAME, "a )( name");
		setpgid(0, 0);
		_exit(7);
	case 5: setsid(); _exit(42);
	}
	_exit(99);
}

int main(void)
{
	static const int status[N_ZOMBIES] = { 0, 255 << 8, SIGKILL, SIGSEGV, 7 << 8, 42 << 8 };
	pid_t pids[N_ZOMBIES];
	siginfo_t info;

	zt_init();
	for (int i = 0; i < N_ZOMBIES; i++) {
		pids[i] = fork();
		SETUP(pids[i] >= 0);
		if (!pids[i])
			die(i);
	}
	for (int i = 0; i < N_ZOMBIES; i++)
		SETUP(waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT) == 0);
	zt_checkpoint();

	for (int i = 0; i < N_ZOMBIES; i++) {
		int got = -1;

		CHECK_EQ(waitpid(pids[i], &got, WNOHANG), pids[i]);
		CHECK((got & ~0x80) == status[i], "zombie %d has status %#x, should be %#x", i, got,
		      status[i]);
	}
	CHECK(waitpid(-1, NULL, 0) < 0, "there are more children");
	return zt_result();
}
