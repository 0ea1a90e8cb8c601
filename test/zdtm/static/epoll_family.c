// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One epoll used by parent and child, whose targets are open in one of them only; EPOLLEXCLUSIVE
 * and many targets.
 * zdtm-peer: refuses it
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 100 };

static int ep, fds[N];

static int count_events(void)
{
	struct epoll_event got[N];

	return epoll_wait(ep, got, N, 0);
}

static void child(void *arg)
{
	uint64_t one = 1;

	(void)arg;
	/* the parent has closed the even ones, this one has closed the odd ones */
	for (int i = 1; i < N; i += 2)
		close(fds[i]);
	zt_checkpoint();
	CHECK_EQ(count_events(), 0);
	for (int i = 0; i < N; i += 2)
		CHECK(write(fds[i], &one, 8) == 8, "write %d", i);
	CHECK_EQ(count_events(), N / 2);
}

int main(void)
{
	uint64_t one = 1;
	pid_t kid;

	zt_init();
	ep = epoll_create1(0);
	SETUP(ep >= 0);
	for (int i = 0; i < N; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)i << 40 };

		if (i % 10 == 3)
			e.events |= EPOLLEXCLUSIVE;
		fds[i] = eventfd(0, EFD_NONBLOCK);
		SETUP(fds[i] >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &e) == 0);
	}
	kid = zt_child(child, NULL);
	for (int i = 0; i < N; i += 2)
		close(fds[i]);
	zt_checkpoint();

	zt_end_child(kid);
	/* the child's targets are gone with it */
	CHECK_EQ(count_events(), 0);
	for (int i = 1; i < N; i += 2)
		CHECK(write(fds[i], &one, 8) == 8, "write %d", i);
	CHECK_EQ(count_events(), N / 2);
	return zt_result();
}
