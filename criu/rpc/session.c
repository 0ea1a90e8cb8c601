/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message in each packet of a SOCK_SEQPACKET socket. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include "base/log.h"
#include "base/own.h"
#include "rpc/session.h"
#include "run/cancel.h"

/* The kernel takes packets of 200 KiB from anybody, longer ones from root. No request is near it. */
enum { REQUEST_MAX = 4 << 20 };

int session_open(struct session *s, int sock)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int type;

	signal(SIGPIPE, SIG_IGN);	/* a client or a reader of stderr that has gone is an error, not the end */
	s->sock = sock;
	s->client = (struct client){ .notify = session_notify, .sock = sock };
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return fail_errno("descriptor %d: ask who is at the other end", sock);
	len = sizeof(type);
	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return fail_errno("descriptor %d: ask for the type of socket", sock);
	if (type != SOCK_SEQPACKET)
		return fail(EINVAL, "descriptor %d is no SOCK_SEQPACKET socket", sock);
	s->peer = peer.pid;
	s->peer_uid = peer.uid;
	if (fcntl(sock, F_SETFD, FD_CLOEXEC) < 0)
		return fail_errno("descriptor %d: make it close-on-exec", sock);
	return 0;
}

/* A signal that asks the run to end ends the wait, too, also one that comes just before it: hence blocked until then. */
static int wait_packet(struct session *s)
{
	struct pollfd p = { .fd = s->sock, .events = POLLIN };
	sigset_t all, before;
	int n;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	do
		n = is_cancelled() ? 0 : ppoll(&p, 1, NULL, &before);
	while (n < 0 && errno == EINTR);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!n)
		return check_cancelled();
	return n < 0 ? fail_errno("wait for the client") : 0;
}

static ssize_t receive(struct session *s, void *buf, size_t size, int flags)
{
	int err = wait_packet(s);

	if (err)
		return err;
	for (;;) {
		ssize_t n = recv(s->sock, buf, size, flags);

		if (n >= 0)
			return n;
		if (errno == ECONNRESET)	/* it closed with something of ours unread */
			return 0;
		if (errno != EINTR)
			return fail_errno("receive from the client");
		if (is_cancelled())
			return check_cancelled();
	}
}

static int discard(struct session *s, size_t size)
{
	char byte;
	ssize_t n = receive(s, &byte, 1, MSG_TRUNC);

	if (n < 0)
		return n;
	return fail(EBADMSG, "a request of %zu bytes is longer than any (%d)", size, REQUEST_MAX);
}

int session_receive(struct session *s, CriuReq **ret)
{
	ProtobufCAllocator alloc = arena_allocator(&s->arena);
	ssize_t size = receive(s, NULL, 0, MSG_PEEK | MSG_TRUNC), n;
	uint8_t *packet;

	if (size <= 0)
		return size;
	if (size > REQUEST_MAX)
		return discard(s, size);
	packet = arena_alloc(&s->arena, size);
	n = receive(s, packet, size, 0);
	if (n <= 0)
		return n;
	*ret = criu_req__unpack(&alloc, n, packet);
	if (!*ret)
		return fail(EBADMSG, "a packet of %zd bytes is no request (criu_req)", n);
	return 1;
}

int session_send(struct session *s, const CriuResp *resp, int fd)
{
	size_t len = criu_resp__get_packed_size(resp);
	auto_free uint8_t *packet = malloc(len);
	struct iovec v = { .iov_base = packet, .iov_len = len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} rights = { .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) } };

	if (!packet)
		return fail(ENOMEM, "an answer of %zu bytes", len);
	criu_resp__pack(resp, packet);
	if (fd >= 0) {
		memcpy(CMSG_DATA(&rights.head), &fd, sizeof(fd));
		m.msg_control = &rights;
		m.msg_controllen = sizeof(rights.room);
	}
	while (sendmsg(s->sock, &m, MSG_NOSIGNAL) < 0) {
		if (errno != EINTR)
			return fail_errno("send to the client");
		if (is_cancelled())
			return check_cancelled();
	}
	return 0;
}

void session_offer(const struct session *s, const CriuResp *resp)
{
	uint8_t packet[256];
	size_t len = criu_resp__get_packed_size(resp);

	if (len > sizeof(packet))
		return;
	criu_resp__pack(resp, packet);
	/* A client that does not read, or has gone, is found out by those who wait for it. */
	if (send(s->sock, packet, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}
