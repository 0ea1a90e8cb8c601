// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A listening TCP socket, which an epoll descriptor waits for: refused until its kind exists.
 * zdtm-refuse: socket
 * zdtm-code: file.unsupported
 * zdtm-peer: saves it
 */
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 7 };
	int fd, epoll, client;

	zt_init();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	SETUP(fd >= 0 && listen(fd, 1) == 0);
	epoll = epoll_create1(0);
	SETUP(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == 0);
	zt_checkpoint();

	CHECK(getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.sin_port != 0,
	      "no port");
	client = socket(AF_INET, SOCK_STREAM, 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(connect(client, (struct sockaddr *)&addr, len) == 0 &&
	      epoll_wait(epoll, &ev, 1, 1000) == 1 && accept(fd, NULL, NULL) >= 0,
	      "no connection");
	return zt_result();
}
