// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epoll: targets with their data, edge and one-shot state, nested, and events that are due at once.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "zdtm.h"

static void add(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	SETUP(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
}

int main(void)
{
	struct epoll_event got[8], again = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = 3 };
	int ep, outer, level, edge, once, pipe_ends[2], n;
	uint64_t one = 1;

	zt_init();
	ep = epoll_create1(EPOLL_CLOEXEC);
	outer = epoll_create1(0);
	level = eventfd(1, EFD_NONBLOCK);
	edge = eventfd(0, EFD_NONBLOCK);
	once = eventfd(1, EFD_NONBLOCK);
	SETUP(pipe(pipe_ends) == 0 && ep >= 0 && outer >= 0 && level >= 0 && edge >= 0 &&
	      once >= 0);
	add(ep, level, EPOLLIN, 0x1111222233334444);
	add(ep, edge, EPOLLIN | EPOLLET, 2);
	add(ep, once, EPOLLIN | EPOLLONESHOT, 3);
	add(ep, pipe_ends[0], EPOLLIN | EPOLLRDHUP | EPOLLPRI, 0xffffffffffffffff);
	add(outer, ep, EPOLLIN, 5);
	/* takes the one-shot event: it is disabled from now on */
	n = epoll_wait(ep, got, 8, 0);
	SETUP(n == 2);
	zt_checkpoint();

	n = epoll_wait(ep, got, 8, 0);
	CHECK(n == 1 && got[0].data.u64 == 0x1111222233334444 && got[0].events == EPOLLIN,
	      "%d events, first data %#llx", n, (unsigned long long)got[0].data.u64);
	CHECK(read(level, &one, 8) == 8 && epoll_wait(ep, got, 8, 0) == 0,
	      "events after the level one is gone");
	one = 1;
	CHECK(write(edge, &one, 8) == 8 && epoll_wait(ep, got, 8, 0) == 1 && got[0].data.u64 == 2,
	      "no edge");
	CHECK(epoll_wait(ep, got, 8, 0) == 0, "the edge is told twice");
	CHECK(write(pipe_ends[1], "x", 1) == 1 && epoll_wait(outer, got, 8, 0) == 1 &&
		      got[0].data.u64 == 5,
	      "nested");
	CHECK(epoll_wait(ep, got, 8, 0) == 1 && got[0].data.u64 == 0xffffffffffffffff, "the pipe");
	CHECK(close(pipe_ends[1]) == 0 && read(pipe_ends[0], got, 1) == 1, "read");
	CHECK(epoll_wait(ep, got, 8, 0) == 1 && got[0].events == EPOLLHUP, "hang-up: %#x",
	      got[0].events);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, pipe_ends[0], NULL) == 0, "delete");
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, once, &again) == 0 && epoll_wait(ep, got, 8, 0) == 1 &&
		      got[0].data.u64 == 3,
	      "the one-shot target cannot be armed again");
	return zt_result();
}
