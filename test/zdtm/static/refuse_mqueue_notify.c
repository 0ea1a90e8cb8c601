// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In an IPC namespace, a registration with mq_notify(3): refused, since nobody else can make it for the process.
 * zdtm-refuse: ipc.mqueue
 * zdtm-code: ipc.mqueue
 */
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "zdtm.h"

int main(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	siginfo_t info;
	sigset_t set;
	mqd_t mq;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	SETUP(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	mq = mq_open("/notify", O_CREAT | O_RDWR, 0600, &attr);
	SETUP(mq >= 0 && mq_notify(mq, &event) == 0);
	zt_checkpoint();

	CHECK(mq_send(mq, "x", 1, 0) == 0, "mq_send");
	CHECK(sigtimedwait(&set, &info, &(struct timespec){ 5, 0 }) == SIGUSR1, "the signal");
	return zt_result();
}
