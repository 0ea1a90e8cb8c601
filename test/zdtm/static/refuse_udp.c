// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two UDP sockets, one of which has sent to the other: each is refused until their kind exists.
 * zdtm-refuse: socket
 * zdtm-code: file.unsupported
 * zdtm-peer: loses datagrams that wait
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(to);
	char got[8];
	int from, at;

	zt_init();
	from = socket(AF_INET, SOCK_DGRAM, 0);
	at = socket(AF_INET, SOCK_DGRAM, 0);
	SETUP(from >= 0 && bind(at, (void *)&to, sizeof(to)) == 0 && getsockname(at, (void *)&to, &len) == 0);
	/* A network namespace of the test's own may have no loopback that is up. */
	if (connect(from, (void *)&to, sizeof(to)) < 0 || send(from, "data", 4, 0) != 4)
		zt_skip("no loopback");
	zt_checkpoint();

	CHECK_EQ(recv(at, got, sizeof(got), MSG_DONTWAIT), 4);
	CHECK_EQ(send(from, "x", 1, 0), 1);
	CHECK_EQ(recv(at, got, sizeof(got), MSG_DONTWAIT), 1);
	return zt_result();
}
