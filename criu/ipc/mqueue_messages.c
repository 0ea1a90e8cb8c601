/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages in a POSIX queue: there is no way to look at one but to take it out. All are taken, then all put back,
 * which leaves them in the same order. They are in memory that two processes share, either of which finishes the work
 * alone when the other one is killed: what has been done is seen by the number of messages that are in the queue.
 */
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "base/arena.h"
#include "base/log.h"
#include "base/own.h"
#include "ipc/mqueue.h"

enum { ALIGN = 8 };

struct slot {
	uint32_t len, priority;
	char text[];
};

struct move {
	uint64_t n, bytes;		/* in the queue at first */
	size_t message_size;
	volatile uint64_t n_taken, bytes_taken;
	volatile size_t used;		/* bytes of slots */
	volatile uint64_t n_stay;	/* could not be taken: somebody else uses the queue */
	volatile bool are_all_taken;
	char slots[];
};

static uint64_t slot_size(uint32_t len)
{
	return align_up(sizeof(struct slot) + len, (uint64_t)ALIGN);
}

static struct slot *slot_at(const struct move *m, size_t offset)
{
	return (struct slot *)(m->slots + offset);
}

/* Both of these are questions: they give a negative errno and say nothing. */
static int64_t messages_in(int fd)
{
	struct mq_attr attr;

	return mq_getattr(fd, &attr) < 0 ? -errno : attr.mq_curmsgs;
}

static int64_t bytes_in(int fd)
{
	char text[128];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t bytes;

	if (len < 0)
		return -errno;
	text[len] = 0;
	return sscanf(text, "QSIZE:%lu", &bytes) == 1 ? (int64_t)bytes : -EIO;
}

static void note_taken(struct move *m, uint32_t len)
{
	slot_at(m, m->used)->len = len;
	m->used += slot_size(len);
	m->bytes_taken += len;
	m->n_taken++;
}

/* Whoever was killed before us may have had one message in its hands: its text and priority are there. */
static int resume(struct move *m, int fd)
{
	int64_t left = messages_in(fd), bytes = bytes_in(fd);

	if (left < 0 || bytes < 0)
		return min(left, bytes);
	if (m->n - left == m->n_taken + 1)
		note_taken(m, m->bytes - m->bytes_taken - bytes);
	return m->n - left == m->n_taken ? 0 : -EBUSY;
}

static int take_all(struct move *m, int fd)
{
	int err = resume(m, fd);

	while (!err && m->n_taken < m->n) {
		struct slot *s = slot_at(m, m->used);
		ssize_t len = mq_receive(fd, s->text, m->message_size, &s->priority);

		if (len < 0)
			err = -errno;
		else
			note_taken(m, len);
	}
	/* On an error what was taken goes back all the same. */
	m->n_stay = err ? max(messages_in(fd), (int64_t)0) : 0;
	m->n = m->n_taken;
	m->are_all_taken = true;
	return err;
}

/* Can be begun again by the other one at any point. Makes nothing but system calls. */
static int move_all(struct move *m, int fd)
{
	int err = m->are_all_taken ? 0 : take_all(m, fd);
	int64_t there = messages_in(fd);
	size_t at = 0;

	if (there < 0)
		return there;
	for (int64_t i = 0; i < (int64_t)m->n; i++) {
		struct slot *s = slot_at(m, at);

		at += slot_size(s->len);
		if (i + (int64_t)m->n_stay >= there && mq_send(fd, s->text, s->len, s->priority) < 0)
			return -errno;
	}
	return err;
}

/* Not of our session, and deaf: what ends the tool does not end this one. */
static _Noreturn void child(struct move *m, int fd)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	_exit(-move_all(m, fd));
}

static int move_in_child(struct move *m, int fd)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		child(m, fd);
	if (pid < 0)
		return fail_errno("fork");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno("wait for process %d", pid);
	if (WIFEXITED(status))
		return WEXITSTATUS(status) ? fail_with(WEXITSTATUS(status), "take the messages and put them back") : 0;
	return move_all(m, fd) ? fail(EIO, "the process that had the messages was killed, and they cannot be put back")
			       : fail(EINTR, "the process that had the messages was killed; they are back");
}

static void to_record(struct arena *a, const struct move *m, IpcMqueueEntry *e)
{
	size_t at = 0;

	e->n_messages = m->n;
	e->messages = arena_array(a, IpcMqueueMessage *, m->n);
	for (size_t i = 0; i < m->n; i++) {
		const struct slot *s = slot_at(m, at);

		e->messages[i] = arena_msg(a, IpcMqueueMessage, ipc_mqueue_message__init);
		e->messages[i]->priority = s->priority;
		e->messages[i]->text.len = s->len;
		e->messages[i]->text.data = arena_memdup(a, s->text, s->len);
		at += slot_size(s->len);
	}
}

int mqueue_messages_copy(struct arena *a, int fd, IpcMqueueEntry *e)
{
	int64_t n = messages_in(fd), bytes = bytes_in(fd);
	struct timespec times[2];
	struct move *m;
	struct stat st;
	size_t room;
	int err;

	if (n < 0 || bytes < 0 || fstat(fd, &st) < 0)
		return fail(EIO, "its state cannot be read");
	if (!n)
		return 0;
	room = sizeof(*m) + bytes + n * slot_size(ALIGN) + slot_size(e->message_size);
	m = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m == MAP_FAILED)
		return fail_errno("no memory for %zu bytes of messages", room);
	m->n = n;
	m->bytes = bytes;
	m->message_size = e->message_size;
	err = move_in_child(m, fd);
	if (!err)
		to_record(a, m, e);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (futimens(fd, times) < 0)
		warn_errno("set the times of the queue again");
	munmap(m, room);
	return err;
}
