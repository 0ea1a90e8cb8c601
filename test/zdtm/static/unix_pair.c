// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pairs of unix sockets of every type, with bytes and messages waiting at both ends, one end of them in a child; half
 * closed ones, and ones whose other end has gone, with and without something unread.
 * zdtm-peer: loses what is behind a message of no bytes, and errors that wait
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zdtm.h"

static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
enum { N = 3, BIG = 100000 };

static int pair[N][2], shared[2], half[2], gone, reset, closed_dgram;
static char big[BIG], got[BIG];

static void talk_to_parent(void *arg)
{
	char c = 0;

	(void)arg;
	close(shared[0]);
	zt_checkpoint();
	CHECK_EQ(read(shared[1], &c, 1), 1);
	CHECK_EQ(c, 'p');
	CHECK_EQ(write(shared[1], "c", 1), 1);
}

static void set_up(void)
{
	int sv[2], v;

	for (int i = 0; i < N; i++) {
		SETUP(socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0, pair[i]) == 0);
		SETUP(send(pair[i][0], "one", 3, 0) == 3);
		if (types[i] != SOCK_STREAM)
			SETUP(send(pair[i][0], "", 0, 0) == 0);
		SETUP(send(pair[i][0], "three", 5, 0) == 5);
		SETUP(send(pair[i][1], big, i ? 30000 : BIG, 0) == (i ? 30000 : BIG));
	}
	/* A program that looks at its messages itself keeps its place. */
	SETUP(setsockopt(pair[1][1], SOL_SOCKET, SO_PEEK_OFF, &(int){ 3 }, sizeof(v)) == 0);
	SETUP(setsockopt(pair[2][0], SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 7, 5000 }, sizeof(struct timeval)) == 0);

	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, half) == 0);
	SETUP(send(half[0], "end", 3, 0) == 3 && shutdown(half[0], SHUT_WR) == 0);

	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	SETUP(send(sv[1], "rest", 4, 0) == 4 && close(sv[1]) == 0);
	gone = sv[0];
	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	SETUP(send(sv[0], "unread", 6, 0) == 6 && close(sv[1]) == 0);
	reset = sv[0];
	SETUP(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) == 0);
	SETUP(close(sv[1]) == 0);
	closed_dgram = sv[0];
	SETUP(socketpair(AF_UNIX, SOCK_STREAM, 0, shared) == 0);
}

static void check_pair(int i)
{
	const struct { const char *text; ssize_t len; } messages[] = { { "one", 3 }, { "", 0 }, { "three", 5 } };
	ssize_t len = i ? 30000 : BIG;
	int type;
	socklen_t l = sizeof(type);

	CHECK(getsockopt(pair[i][0], SOL_SOCKET, SO_TYPE, &type, &l) == 0 && type == types[i], "type %d is %d", types[i], type);
	if (i) {
		for (int n = 0; n < 3; n++) {
			CHECK_EQ(recv(pair[i][1], got, sizeof(got), 0), messages[n].len);
			CHECK(!memcmp(got, messages[n].text, messages[n].len), "message %d differs", n);
		}
	} else {
		CHECK(recv(pair[i][1], got, sizeof(got), 0) == 8 && !memcmp(got, "onethree", 8), "stream differs");
	}
	CHECK(recv(pair[i][1], got, sizeof(got), 0) < 0 && errno == EAGAIN, "type %d: something is left", types[i]);
	CHECK_EQ(recv(pair[i][0], got, sizeof(got), 0), len);
	CHECK(!memcmp(got, big, len), "type %d: much differs", types[i]);
	CHECK(recv(pair[i][0], got, sizeof(got), 0) < 0 && errno == EAGAIN, "type %d: not the last", types[i]);
	CHECK_EQ(send(pair[i][0], "again", 5, 0), 5);
	CHECK_EQ(recv(pair[i][1], got, sizeof(got), 0), 5);
}

static void check_half(void)
{
	CHECK(read(half[1], got, 10) == 3 && !memcmp(got, "end", 3), "what was sent before the end is lost");
	CHECK_EQ(read(half[1], got, 10), 0);
	CHECK(send(half[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "a half that was shut down sends");
	CHECK_EQ(send(half[1], "back", 4, 0), 4);
	CHECK_EQ(read(half[0], got, 10), 4);
}

static void check_gone(void)
{
	struct pollfd p = { .fd = reset };
	int err = 0;
	socklen_t l = sizeof(err);

	CHECK(read(gone, got, 10) == 4 && !memcmp(got, "rest", 4), "what the other end left is lost");
	CHECK_EQ(read(gone, got, 10), 0);
	CHECK(poll(&p, 1, 0) == 1 && p.revents & POLLERR, "no error is pending");
	CHECK(getsockopt(reset, SOL_SOCKET, SO_ERROR, &err, &l) == 0 && err == ECONNRESET, "the error is %d", err);
	CHECK(send(closed_dgram, "x", 1, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED, "sending to one that is gone: %d", errno);
}

static void check_options(void)
{
	struct timeval t = { 0 };
	int v = 0;
	socklen_t l = sizeof(v);

	CHECK(getsockopt(pair[1][1], SOL_SOCKET, SO_PEEK_OFF, &v, &l) == 0 && v == 3, "SO_PEEK_OFF is %d", v);
	SETUP(setsockopt(pair[1][1], SOL_SOCKET, SO_PEEK_OFF, &(int){ -1 }, sizeof(v)) == 0);
	l = sizeof(v);
	CHECK(getsockopt(pair[2][1], SOL_SOCKET, SO_PEEK_OFF, &v, &l) == 0 && v == -1, "SO_PEEK_OFF is %d, was unset", v);
	l = sizeof(t);
	CHECK(getsockopt(pair[2][0], SOL_SOCKET, SO_RCVTIMEO, &t, &l) == 0 && t.tv_sec == 7, "timeout %ld", (long)t.tv_sec);
}

int main(void)
{
	pid_t kid;
	char c = 0;

	zt_init();
	zt_fill(big, sizeof(big), 5);
	set_up();
	kid = zt_child(talk_to_parent, NULL);
	close(shared[1]);
	zt_checkpoint();

	check_options();
	for (int i = 0; i < N; i++)
		check_pair(i);
	check_half();
	check_gone();
	CHECK_EQ(write(shared[0], "p", 1), 1);
	zt_end_child(kid);
	CHECK_EQ(read(shared[0], &c, 1), 1);
	CHECK_EQ(read(shared[0], &c, 1), 0);
	return zt_result();
}
