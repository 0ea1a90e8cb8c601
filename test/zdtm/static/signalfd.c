// SPDX-License-Identifier: GPL-2.0-or-later
/* signalfd: its mask, and pending signals that are read through it after the restore. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct signalfd_siginfo info;
	union sigval value = { .sival_int = 4711 };
	sigset_t mask, rest;
	int fd, other;

	zt_init();
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGRTMIN + 3);
	sigemptyset(&rest);
	sigaddset(&rest, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	sigprocmask(SIG_BLOCK, &rest, NULL);
	fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	other = signalfd(-1, &rest, SFD_NONBLOCK);
	SETUP(fd >= 0 && other >= 0);
	SETUP(sigqueue(getpid(), SIGRTMIN + 3, value) == 0 && kill(getpid(), SIGUSR1) == 0);
	zt_checkpoint();

	CHECK(read(fd, &info, sizeof(info)) == sizeof(info), "nothing to read");
	CHECK_EQ(info.ssi_signo, SIGUSR1);
	CHECK(read(fd, &info, sizeof(info)) == sizeof(info), "nothing more to read");
	CHECK_EQ(info.ssi_signo, SIGRTMIN + 3);
	CHECK_EQ(info.ssi_int, 4711);
	CHECK_EQ(info.ssi_code, SI_QUEUE);
	CHECK(read(other, &info, sizeof(info)) < 0 && errno == EAGAIN,
	      "the other one has a signal");
	kill(getpid(), SIGUSR2);
	CHECK(read(other, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR2,
	      "the other one is dead");
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	return zt_result();
}
