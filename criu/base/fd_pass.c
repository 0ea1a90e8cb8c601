/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One descriptor through a unix socket. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "base/fd_pass.h"

union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int fd_send(int sk, int fd)
{
	union rights c = {
		.head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) },
	};
	char byte = 0;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };

	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	return sendmsg(sk, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int fd_receive(int sk, int *ret_fd)
{
	union rights c;
	char byte;
	struct iovec one = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	ssize_t n = recvmsg(sk, &m, MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return n ? -errno : -EPIPE;
	if (!m.msg_controllen || c.head.cmsg_type != SCM_RIGHTS || c.head.cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADMSG;
	memcpy(ret_fd, CMSG_DATA(&c.head), sizeof(*ret_fd));
	return 0;
}
