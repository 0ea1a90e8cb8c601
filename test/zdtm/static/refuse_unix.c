// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pair of unix sockets with data under way: refused until its kind exists.
 * zdtm-refuse: socket
 * zdtm-peer: saves it
 */
#include <sys/socket.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[8];
	int ends[2];

	zt_init();
	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && write(ends[0], "data", 4) == 4);
	zt_checkpoint();

	CHECK_EQ(read(ends[1], got, sizeof(got)), 4);
	CHECK(write(ends[1], "x", 1) == 1 && read(ends[0], got, sizeof(got)) == 1, "the other way");
	return zt_result();
}
