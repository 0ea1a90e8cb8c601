// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is told of events on a descriptor: F_SETOWN for a process, a group, a thread; F_SETSIG; whose
 * ids decide; and that it arrives.
 * zdtm-flavor: h,ns
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "zdtm.h"

enum { GETOWNER_UIDS = 17, NOBODY = 65534 };	/* of <linux/fcntl.h>, which <fcntl.h> excludes */

static volatile sig_atomic_t seen, seen_fd;

static void on_io(int sig, siginfo_t *info, void *context)
{
	(void)context;
	seen = sig;
	seen_fd = info->si_fd;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };
	struct f_owner_ex owner, now;
	int process[2], group[2], thread[2], file, sig;
	uid_t uids[2];

	zt_init();
	sig = SIGRTMIN + 7;
	sigaction(sig, &sa, NULL);
	zt_write_file(zt_path("file"), "x", 1);
	file = open(zt_path("file"), O_RDONLY);
	SETUP(file >= 0 && pipe(process) == 0 && pipe(group) == 0 && pipe(thread) == 0);
	SETUP(fcntl(process[0], F_SETOWN, getpid()) == 0 &&
	      fcntl(group[0], F_SETOWN, -getpgrp()) == 0);
	owner = (struct f_owner_ex){ F_OWNER_TID, gettid() };
	SETUP(fcntl(thread[0], F_SETOWN_EX, &owner) == 0 && fcntl(thread[0], F_SETSIG, sig) == 0);
	SETUP(fcntl(file, F_SETOWN, getpid()) == 0 && fcntl(file, F_SETSIG, SIGUSR2) == 0);
	SETUP(fcntl(thread[0], F_SETFL, O_ASYNC) == 0);
	/* The kernel asks these ids, not those of whoever writes, whether the signal may be sent. */
	SETUP(seteuid(NOBODY) == 0 && fcntl(process[1], F_SETOWN, getpid()) == 0);
	SETUP(seteuid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	zt_checkpoint();

	CHECK_EQ(fcntl(process[0], F_GETOWN), getpid());
	CHECK_EQ(fcntl(group[0], F_GETOWN_EX, &now), 0);
	CHECK(now.type == F_OWNER_PGRP && now.pid == getpgrp(), "group: type %d pid %d", now.type,
	      now.pid);
	CHECK_EQ(fcntl(thread[0], F_GETOWN_EX, &now), 0);
	CHECK(now.type == F_OWNER_TID && now.pid == gettid(), "thread: type %d pid %d", now.type,
	      now.pid);
	CHECK_EQ(fcntl(file, F_GETOWN), getpid());
	CHECK_EQ(fcntl(file, F_GETSIG), SIGUSR2);
	CHECK_EQ(fcntl(thread[0], F_GETSIG), sig);
	CHECK_EQ(fcntl(group[1], F_GETOWN), 0);
	CHECK_EQ(fcntl(process[1], F_GETOWN), getpid());
	CHECK(fcntl(process[1], GETOWNER_UIDS, uids) == 0 && uids[0] == 0 && uids[1] == NOBODY,
	      "set by uid %u, euid %u", uids[0], uids[1]);
	CHECK(fcntl(thread[0], F_GETFL) & O_ASYNC, "O_ASYNC is lost");
	CHECK_EQ(seen, 0);
	CHECK(write(thread[1], "x", 1) == 1, "write");
	CHECK_EQ(seen, sig);
	CHECK_EQ(seen_fd, thread[0]);
	return zt_result();
}
