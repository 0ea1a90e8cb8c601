// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unix sockets whose other end is no end of a pair: a process outside of the tree has it, it has no name that could be
 * connected to, or has lost it.
 * zdtm-refuse: is connected with socket:\[\d+\], which is outside the tree
 * zdtm-refuse: which has no name to connect to
 * zdtm-refuse: whose name is removed
 * zdtm-code: sock.peer
 * zdtm-peer: refuses the first in other words
 * zdtm-flavor: h
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtm.h"

static int ends[2];

/* An orphan at once, and so a child of the runner. Echoes until its other end goes. */
static void leave_an_echo(void)
{
	char c;

	if (fork())
		_exit(0);
	close(ends[0]);
	while (read(ends[1], &c, 1) == 1)
		if (write(ends[1], &c, 1) != 1)
			break;
	_exit(0);
}

int main(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "removed" };
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	int pair[2], at, from;
	char c = 'e', got[8];
	pid_t kid;

	zt_init();
	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	kid = fork();
	if (!kid)
		leave_an_echo();
	SETUP(waitpid(kid, NULL, 0) == kid && close(ends[1]) == 0);

	SETUP(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && connect(pair[0], &nobody, sizeof(nobody)) == 0);

	at = socket(AF_UNIX, SOCK_DGRAM, 0);
	from = socket(AF_UNIX, SOCK_DGRAM, 0);
	SETUP(bind(at, (void *)&to, sizeof(to)) == 0 && connect(from, (void *)&to, sizeof(to)) == 0 && unlink("removed") == 0);
	zt_checkpoint();

	CHECK(write(ends[0], &c, 1) == 1 && read(ends[0], &c, 1) == 1 && c == 'e', "nothing comes back");
	CHECK(send(pair[1], "p", 1, 0) == 1 && recv(pair[0], got, sizeof(got), 0) == 1, "the pair is broken");
	CHECK(send(from, "r", 1, 0) == 1 && recv(at, got, sizeof(got), 0) == 1, "the removed one is lost");
	return zt_result();
}
