// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocked signals pending for the process: standard once, queued ones in order, with all of their
 * siginfo.
 */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	siginfo_t info = { 0 }, own = { 0 };
	sigset_t all, pending;
	struct timespec none = { 0 };
	pid_t kid;

	zt_init();
	sigfillset(&all);
	sigdelset(&all, SIGTERM);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int i = 0; i < 20; i++)
		SETUP(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i }) == 0);
	SETUP(kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
	own.si_code = -100;
	own.si_value.sival_ptr = &own;
	SETUP(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMAX, &own) == 0);
	kid = fork();
	if (!kid)
		_exit(3);
	SETUP(waitpid(kid, NULL, 0) == kid);
	zt_checkpoint();

	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) &&
		      sigismember(&pending, SIGCHLD),
	      "pending");
	CHECK(sigtimedwait(&(sigset_t){ { 1ul << (SIGUSR1 - 1) } }, &info, &none) == SIGUSR1,
	      "SIGUSR1");
	CHECK(info.si_code == SI_USER && info.si_pid == getpid(), "SIGUSR1: code %d pid %d",
	      info.si_code, info.si_pid);
	CHECK(sigtimedwait(&(sigset_t){ { 1ul << (SIGUSR1 - 1) } }, &info, &none) < 0,
	      "SIGUSR1 twice");
	CHECK(sigtimedwait(&(sigset_t){ { 1ul << (SIGCHLD - 1) } }, &info, &none) == SIGCHLD,
	      "SIGCHLD");
	CHECK(info.si_code == CLD_EXITED && info.si_pid == kid && info.si_status == 3,
	      "SIGCHLD: code %d status %d", info.si_code, info.si_status);
	for (int i = 0; i < 20; i++) {
		CHECK(sigtimedwait(&(sigset_t){ { 1ul << SIGRTMIN } }, &info, &none) ==
			      SIGRTMIN + 1,
		      "queue %d", i);
		CHECK(info.si_value.sival_int == i && info.si_code == SI_QUEUE,
		      "queued value %d, should be %d", info.si_value.sival_int, i);
	}
	CHECK(sigtimedwait(&(sigset_t){ { 1ul << (SIGRTMAX - 1) } }, &info, &none) == SIGRTMAX,
	      "SIGRTMAX");
	CHECK(info.si_code == -100 && info.si_value.sival_ptr == &own, "SIGRTMAX: code %d",
	      info.si_code);
	return zt_result();
}
