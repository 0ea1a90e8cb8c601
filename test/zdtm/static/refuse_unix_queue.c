// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What waits in unix sockets and could not be sent again as it was: descriptors, credentials, messages of no bytes that
 * it has looked at, a byte out of band. A look must not take anything away.
 * zdtm-refuse: descriptors waiting in socket
 * zdtm-refuse: credentials
 * zdtm-refuse: messages of no bytes
 * zdtm-refuse: a byte out of band
 * zdtm-code: sock.queue
 * zdtm-peer: loses or refuses these
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zdtm.h"

static int rights[2], creds[2], empty[2], oob[2];
static union {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
} control;

static struct msghdr message(struct iovec *iov)
{
	return (struct msghdr){ .msg_iov = iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
}

static void send_descriptor(int fd)
{
	struct iovec iov = { "d", 1 };
	struct msghdr m = message(&iov);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	SETUP(sendmsg(rights[0], &m, 0) == 1);
}

int main(void)
{
	struct iovec iov = { &(char){ 0 }, 1 };
	struct msghdr m = message(&iov);
	char got[8];
	int on = 1;

	zt_init();
	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, rights) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, creds) == 0 &&
	      socketpair(AF_UNIX, SOCK_SEQPACKET, 0, empty) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, oob) == 0);
	SETUP(send(rights[0], "before", 6, 0) == 6);
	send_descriptor(0);
	SETUP(setsockopt(creds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 && send(creds[0], "c", 1, 0) == 1);
	SETUP(send(empty[0], "", 0, 0) == 0 && send(empty[0], "one", 3, 0) == 3);
	SETUP(recv(empty[1], got, sizeof(got), MSG_PEEK) == 0);
	if (send(oob[0], "ab", 2, MSG_OOB) != 2)
		zt_skip("unix sockets without MSG_OOB");
	zt_checkpoint();

	CHECK_EQ(recv(rights[1], got, 6, MSG_DONTWAIT), 6);
	CHECK(recvmsg(rights[1], &m, MSG_DONTWAIT) == 1 && m.msg_controllen, "the descriptor is lost");
	m = message(&iov);
	CHECK(recvmsg(creds[1], &m, MSG_DONTWAIT) == 1 && m.msg_controllen, "the credentials are lost");
	CHECK_EQ(recv(empty[1], got, sizeof(got), MSG_DONTWAIT), 0);
	CHECK_EQ(recv(empty[1], got, sizeof(got), MSG_DONTWAIT), 3);
	CHECK_EQ(recv(oob[1], got, sizeof(got), MSG_DONTWAIT), 1);
	CHECK(recv(oob[1], got, 1, MSG_OOB) == 1 && *got == 'b', "the byte out of band is lost");
	return zt_result();
}
