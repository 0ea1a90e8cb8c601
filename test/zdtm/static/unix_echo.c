// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server on a unix socket and two clients, in processes of their own: one talks all the time, the other has asked
 * something and not read the answer. New clients can come.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "zdtm.h"

enum { CLIENTS = 2 };

static const struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "echo" };

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, (const void *)&at, sizeof(at)) == 0 ? fd : -1;
}

static void ask(int fd, uint32_t number)
{
	uint32_t answer = 0;

	CHECK(write(fd, &number, sizeof(number)) == sizeof(number), "cannot ask %u", number);
	CHECK(read(fd, &answer, sizeof(answer)) == sizeof(answer) && answer == number + 1, "%u: answer %u", number, answer);
}

static void talk(void *arg)
{
	int fd = dial();
	uint32_t n = 0;

	(void)arg;
	SETUP(fd >= 0);
	ask(fd, n++);
	zt_ready();
	while (!zt_is_over() && !zt_has_failed())
		ask(fd, n++);
}

static void wait_for_answer(void *arg)
{
	uint32_t question = 77, answer = 0;
	int fd = dial(), late;

	(void)arg;
	SETUP(fd >= 0 && write(fd, &question, sizeof(question)) == sizeof(question));
	/* Until it is accepted nobody can look at what it has sent. */
	SETUP(recv(fd, &answer, sizeof(answer), MSG_PEEK) == sizeof(answer));
	zt_checkpoint();
	CHECK(read(fd, &answer, sizeof(answer)) == sizeof(answer) && answer == 78, "the answer is %u", answer);
	late = dial();
	CHECK(late >= 0, "a new client cannot come");
	ask(late, 5);
}

static void serve(void *arg)
{
	int fd[CLIENTS + 1], n = 0, listener = *(int *)arg;
	fd_set ready;
	uint32_t v;

	zt_ready();
	while (!zt_is_over()) {
		struct timeval pause = { .tv_usec = 2000 };

		FD_ZERO(&ready);
		FD_SET(listener, &ready);
		for (int i = 0; i < n; i++)
			FD_SET(fd[i], &ready);
		if (select(64, &ready, NULL, NULL, &pause) <= 0)
			continue;
		if (n <= CLIENTS && FD_ISSET(listener, &ready))
			fd[n++] = accept(listener, NULL, NULL);
		for (int i = 0; i < n; i++)
			if (FD_ISSET(fd[i], &ready) && read(fd[i], &v, sizeof(v)) == sizeof(v)) {
				v++;
				CHECK(write(fd[i], &v, sizeof(v)) == sizeof(v), "client %d gets no answer", i);
			}
	}
}

int main(void)
{
	pid_t server, talker, waiter;
	int listener;

	zt_init();
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	SETUP(bind(listener, (const void *)&at, sizeof(at)) == 0 && listen(listener, 5) == 0);
	server = zt_child(serve, &listener);
	talker = zt_child(talk, NULL);
	waiter = zt_child(wait_for_answer, NULL);
	close(listener);
	zt_checkpoint();
	zt_end_child(waiter);
	zt_end_child(talker);
	zt_end_child(server);
	return zt_result();
}
