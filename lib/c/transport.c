/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A SOCK_SEQPACKET connection to the service, by one of three ways; packets with descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "object.h"

/* The library is asked for it after a message has come, by a function without an object. */
static int last_fd = -1;

int criu_get_orphan_pts_master_fd(void)
{
	return last_fd;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int sock;

	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) >= (int)sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -ECONNREFUSED;
	}
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -ECONNREFUSED;
	if (connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int err = errno;

		close(sock);
		errno = err;
		return -ECONNREFUSED;
	}
	return sock;
}

/* Whoever starts it learns by one word through `said`: its pid, or minus the errno that was in the way. */
static void become_swrk(const char *binary, int sock, int said, bool is_self_dump)
{
	sigset_t mask;
	char number[16];
	int word;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	/* A child of the caller's would be part of what is dumped. */
	if (is_self_dump && daemon(0, 1) < 0)
		goto failed;
	word = getpid();
	if (fcntl(sock, F_SETFD, 0) < 0 || write(said, &word, sizeof(word)) != sizeof(word))
		goto failed;
	snprintf(number, sizeof(number), "%d", sock);
	execlp(binary, binary, "swrk", number, NULL);
failed:
	word = -errno;
	if (write(said, &word, sizeof(word)) < 0)
		_exit(126);
	_exit(127);
}

/* 0: it runs, and is *ret_pid; else an errno. The pipe is close-on-exec: its end without another word is the good end. */
static int hear(int said, int *ret_pid)
{
	int words[2] = { 0 };
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(words) && (n = read(said, (char *)words + len, sizeof(words) - len))) {
		if (n < 0 && errno != EINTR)
			return errno;
		len += n > 0 ? n : 0;
	}
	*ret_pid = len ? words[0] : 0;
	return len == sizeof(int) && words[0] > 0 ? 0 : len ? -words[len / sizeof(int) - 1] : ECHILD;
}

static int wait_for(int pid)
{
	int got;

	do
		got = waitpid(pid, NULL, 0);
	while (got < 0 && errno == EINTR);
	return got;
}

static int refuse(int sock, int err)
{
	close(sock);
	errno = err;
	return -ECONNREFUSED;
}

static int start(criu_opts *o, bool is_self_dump)
{
	int sk[2], said[2], pid, err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk) < 0)
		return -ECONNREFUSED;
	if (pipe2(said, O_CLOEXEC) < 0) {
		close(sk[1]);
		return refuse(sk[0], errno);
	}
	pid = fork();
	if (!pid) {
		close(sk[0]);
		become_swrk(o->binary ? o->binary : "criu", sk[1], said[1], is_self_dump);
	}
	err = errno;
	close(sk[1]);
	close(said[1]);
	if (pid > 0) {
		err = hear(said[0], &o->swrk);
		if (is_self_dump || err)
			wait_for(pid);	/* the daemon's parent, or what did not become the program */
	}
	close(said[0]);
	if (pid > 0 && !err)
		return sk[0];
	o->swrk = 0;
	return refuse(sk[0], err);
}

int criu_connect(criu_opts *o, bool is_self_dump)
{
	o->swrk = 0;
	switch (o->comm) {
	case CRIU_COMM_SK:
		return connect_to(o->address ? o->address : "./criu_service.socket");
	case CRIU_COMM_FD:
		return o->fd;
	case CRIU_COMM_BIN:
		return start(o, is_self_dump);
	}
	errno = EINVAL;
	return -ECONNREFUSED;
}

void criu_disconnect(criu_opts *o, int sock)
{
	int err = errno;

	if (o->comm != CRIU_COMM_FD)
		close(sock);
	if (o->swrk > 0)
		wait_for(o->swrk);
	o->swrk = 0;
	errno = err;
}

int criu_send(int sock, const CriuReq *req)
{
	size_t len = criu_req__get_packed_size(req);
	uint8_t *packet = malloc(len);
	ssize_t n = -1;

	if (packet) {
		criu_req__pack(req, packet);
		do
			n = send(sock, packet, len, MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
	}
	free(packet);
	return n < 0 ? -ECOMM : 0;
}

static void take_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&last_fd, CMSG_DATA(c), sizeof(int));
}

CriuResp *criu_receive(int sock)
{
	char rights[CMSG_SPACE(sizeof(int))];
	struct iovec v = { 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = rights, .msg_controllen = sizeof(rights) };
	CriuResp *resp = NULL;
	ssize_t n;

	do
		n = recv(sock, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (!n)
		errno = ECONNRESET;
	if (n <= 0)
		return NULL;
	v.iov_len = n;
	v.iov_base = malloc(n);
	if (!v.iov_base)
		return NULL;
	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		take_fd(&m);
		resp = criu_resp__unpack(NULL, n, v.iov_base);
		if (!resp)
			errno = EBADMSG;
	}
	free(v.iov_base);
	return resp;
}
