// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals of a file that go to a thread other than the leader (F_SETOWN_EX), and O_ASYNC, which sends them.
 *
 * zdtm-peer: sets owners before threads exist
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "zdtm.h"

static volatile pid_t tid;

static void *sleeper(void *arg)
{
	tid = gettid();
	for (;;)
		pause();
	return arg;
}

static volatile pid_t got_in;
static volatile int got_band;

static void on_ready(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	got_in = gettid();
	got_band = info->si_band;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_ready, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct f_owner_ex owner = { .type = F_OWNER_TID };
	pthread_t thread;
	int end[2];

	zt_init();
	SETUP(sigaction(SIGRTMIN + 3, &action, NULL) == 0 && pipe(end) == 0);
	SETUP(pthread_create(&thread, NULL, sleeper, NULL) == 0);
	while (!tid)
		usleep(1000);
	owner.pid = tid;
	SETUP(fcntl(end[0], F_SETSIG, SIGRTMIN + 3) == 0 && fcntl(end[0], F_SETOWN_EX, &owner) == 0 &&
	      fcntl(end[0], F_SETFL, O_ASYNC) == 0);
	zt_checkpoint();

	CHECK(fcntl(end[0], F_GETOWN_EX, &owner) == 0 && owner.type == F_OWNER_TID && owner.pid == tid,
	      "owner of type %d is %d, not thread %d", owner.type, owner.pid, tid);
	CHECK(fcntl(end[0], F_GETSIG) == SIGRTMIN + 3, "signal %d", fcntl(end[0], F_GETSIG));
	CHECK(!got_in, "a signal came before there was data");
	CHECK(write(end[1], "x", 1) == 1, "write");
	for (int i = 0; i < 1000 && !got_in; i++)
		usleep(1000);
	CHECK(got_in == tid, "the signal came in %d, not in thread %d", got_in, tid);
	CHECK(got_band & 1, "the signal says nothing of data (%x)", got_band);
	return zt_result();
}
