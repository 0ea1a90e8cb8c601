// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A netlink socket: refused until its kind exists.
 * zdtm-refuse: socket|netlink
 * zdtm-code: file.unsupported
 * zdtm-peer: saves it
 */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "zdtm.h"

int main(void)
{
	int fd;

	zt_init();
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	SETUP(fd >= 0);
	zt_checkpoint();

	CHECK(send(fd, "", 0, 0) <= 0, "send");
	return zt_result();
}
