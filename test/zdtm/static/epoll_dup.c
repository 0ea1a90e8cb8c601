// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epoll targets whose number was closed or reused: the watch is on the open description, kept
 * alive by a duplicate.
 * zdtm-peer: watches another number of the same file
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 71 }, got[4];
	int ep, fd, dup_fd, other;
	uint64_t one = 1;

	zt_init();
	ep = epoll_create1(0);
	fd = eventfd(0, EFD_NONBLOCK);
	SETUP(ep >= 0 && fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	dup_fd = dup(fd);
	SETUP(dup_fd >= 0 && close(fd) == 0);
	/* the number is another object now, and watched as well */
	other = eventfd(0, EFD_NONBLOCK);
	e.data.u64 = 72;
	SETUP(other == fd && epoll_ctl(ep, EPOLL_CTL_ADD, other, &e) == 0);
	zt_checkpoint();

	CHECK(epoll_wait(ep, got, 4, 0) == 0, "an event from nowhere");
	CHECK(write(dup_fd, &one, 8) == 8 && epoll_wait(ep, got, 4, 0) == 1 &&
		      got[0].data.u64 == 71,
	      "the first target");
	CHECK(read(dup_fd, &one, 8) == 8 && write(other, &one, 8) == 8, "read, write");
	CHECK(epoll_wait(ep, got, 4, 0) == 1 && got[0].data.u64 == 72, "the second target");
	return zt_result();
}
