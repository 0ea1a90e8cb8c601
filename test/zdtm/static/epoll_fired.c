// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A one-shot watch that has fired tells nothing more, not even errors and hang-ups, which no other
 * mask can leave out.
 * zdtm-peer: adds it with a mask that reports hang-ups
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 4 }, got;
	int ep, ends[2];

	zt_init();
	ep = epoll_create1(0);
	SETUP(ep >= 0 && pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	SETUP(epoll_ctl(ep, EPOLL_CTL_ADD, ends[0], &e) == 0 && epoll_wait(ep, &got, 1, 0) == 1);
	zt_checkpoint();

	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	CHECK(close(ends[1]) == 0, "close");
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, ends[0], &e) == 0, "arm again");
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
	CHECK(got.data.u64 == 4 && got.events == (EPOLLIN | EPOLLHUP), "events %#x, data %llu",
	      got.events, (unsigned long long)got.data.u64);
	return zt_result();
}
