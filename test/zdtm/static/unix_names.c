// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unix sockets with names: listeners at paths (absolute, relative, removed) and abstract ones, connections that are
 * accepted and that still wait, datagrams sent to a name, and who SO_PEERCRED says is at the other end.
 * zdtm-peer: loses who SO_PEERCRED names
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "zdtm.h"

static int listener, relative, removed, abstract, client, accepted, waiting, receiver, sender;
static uid_t listening;
static char path[108], dgram[108], hidden[16];

static socklen_t name(struct sockaddr_un *a, const char *text, size_t len)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(a->sun_path, text, len);
	return offsetof(struct sockaddr_un, sun_path) + len;
}

static int bound(int type, const char *text, size_t len)
{
	int fd = socket(AF_UNIX, type, 0);
	struct sockaddr_un a;
	socklen_t l = name(&a, text, len);

	SETUP(fd >= 0 && bind(fd, (void *)&a, l) == 0);
	if (type != SOCK_DGRAM)
		SETUP(listen(fd, 5) == 0);
	return fd;
}

static int connected(int type, const char *text, size_t len)
{
	int fd = socket(AF_UNIX, type, 0);
	struct sockaddr_un a;
	socklen_t l = name(&a, text, len);

	return fd >= 0 && connect(fd, (void *)&a, l) == 0 ? fd : -1;
}

static void check_name(int fd, const char *text, size_t len, const char *what)
{
	struct sockaddr_un a;
	socklen_t l = sizeof(a);

	CHECK(getsockname(fd, (void *)&a, &l) == 0 && l == offsetof(struct sockaddr_un, sun_path) + len &&
	      !memcmp(a.sun_path, text, len), "%s has another name, of %u bytes", what, l);
}

static void check_talk(int from, int to, const char *what)
{
	char c = 0;

	CHECK(write(from, "t", 1) == 1 && read(to, &c, 1) == 1 && c == 't', "%s: nothing comes through", what);
}

static void check_accepts(int fd, const char *text, size_t len, const char *what)
{
	int from = connected(SOCK_STREAM, text, len), to = accept(fd, NULL, NULL);

	CHECK(from >= 0 && to >= 0, "%s takes no new connection", what);
	check_talk(from, to, what);
	close(from);
	close(to);
}

static void check_cred(int fd, uid_t uid, const char *what)
{
	struct ucred c = { 0 };
	socklen_t l = sizeof(c);

	CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &l) == 0 && c.uid == uid, "%s is told uid %u", what, c.uid);
}

static void check_file(const char *file, mode_t mode)
{
	struct stat st;

	CHECK(stat(file, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == mode, "%s has mode %o", file, st.st_mode);
}

static void set_up(void)
{
	uid_t own = listening = geteuid();
	struct stat st;

	snprintf(path, sizeof(path), "%s/listener", zt_path(""));
	snprintf(dgram, sizeof(dgram), "%s/dgram", zt_path(""));
	hidden[0] = 0;
	/* Abstract names are those of the network namespace, which tests may have in common; their directories are not. */
	SETUP(stat(".", &st) == 0);
	snprintf(hidden + 1, sizeof(hidden) - 1, "zt%lx", (unsigned long)st.st_ino);
	listener = bound(SOCK_STREAM, path, strlen(path) + 1);
	SETUP(chmod(path, 0640) == 0);
	relative = bound(SOCK_STREAM, "relative", 8);
	removed = bound(SOCK_STREAM, "removed", 7);
	SETUP(chmod("relative", 0600) == 0 && unlink("removed") == 0);
	/* As a service does that gives up its rights: clients are told who has called listen(). */
	if (!own && seteuid(1) == 0)
		listening = 1;
	abstract = bound(SOCK_SEQPACKET, hidden, sizeof(hidden));
	SETUP(seteuid(own) == 0);
	client = connected(SOCK_SEQPACKET, hidden, sizeof(hidden));
	accepted = accept(abstract, NULL, NULL);
	waiting = connected(SOCK_STREAM, path, strlen(path) + 1);
	receiver = bound(SOCK_DGRAM, dgram, strlen(dgram) + 1);
	sender = connected(SOCK_DGRAM, dgram, strlen(dgram) + 1);
	SETUP(client >= 0 && accepted >= 0 && waiting >= 0 && sender >= 0);
	SETUP(send(sender, "first", 5, 0) == 5);
}

int main(void)
{
	char buf[16];
	int late;

	zt_init();
	set_up();
	zt_checkpoint();

	check_name(listener, path, strlen(path) + 1, "the listener");
	check_name(relative, "relative", 9, "the relative one");
	check_name(removed, "removed", 8, "the removed one");
	check_name(abstract, hidden, sizeof(hidden), "the abstract one");
	check_name(receiver, dgram, strlen(dgram) + 1, "the receiver");
	check_file(path, 0640);
	check_file("relative", 0600);
	CHECK(access("removed", F_OK) < 0, "a removed name is there again");
	check_cred(client, listening, "the client");

	check_talk(client, accepted, "client to server");
	check_talk(accepted, client, "server to client");
	late = accept(listener, NULL, NULL);
	CHECK(late >= 0, "the connection that waited is lost");
	check_talk(waiting, late, "the one that waited");
	check_accepts(listener, path, strlen(path) + 1, "the listener");
	check_accepts(relative, "relative", 9, "the relative one");
	CHECK(recv(receiver, buf, sizeof(buf), MSG_DONTWAIT) == 5 && !memcmp(buf, "first", 5), "a datagram is lost");
	check_talk(sender, receiver, "datagrams");
	return zt_result();
}
