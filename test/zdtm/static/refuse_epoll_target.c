// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epoll watches a file that only a process outside the tree still holds: refused.
 * zdtm-refuse: epoll
 * zdtm-code: file.epoll-target
 * zdtm-flavor: h
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 9 };
	int ep, fd, ends[2];
	pid_t middle;
	char c;

	zt_init();
	ep = epoll_create1(0);
	fd = eventfd(0, EFD_NONBLOCK);
	SETUP(ep >= 0 && fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0 && pipe(ends) == 0);
	middle = fork();
	SETUP(middle >= 0);
	if (!middle) {
		if (fork() == 0) {
			close(ends[0]);
			/* holds nothing of the root but the target */
			if (write(ends[1], "x", 1) == 1 && close(ends[1]) == 0 && close(ep) == 0)
				sleep(1000);
		}
		_exit(0);
	}
	SETUP(waitpid(middle, NULL, 0) == middle && read(ends[0], &c, 1) == 1);
	SETUP(close(ends[0]) == 0 && close(ends[1]) == 0 && close(fd) == 0);
	zt_checkpoint();

	CHECK(epoll_wait(ep, &e, 1, 0) == 0, "an event");
	return zt_result();
}
