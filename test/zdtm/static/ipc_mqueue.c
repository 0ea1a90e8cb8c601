// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POSIX message queues without open descriptors: attributes, modes, messages with priorities in their order; also a full one.
 * zdtm-peer: says nothing of POSIX message queues and loses them
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

enum { LONGEST = 300 };

static const struct queue {
	const char *name;
	long max, size;
	int n, mode;
} queues[] = {
	{ "/empty", 3, 17, 0, 0640 },
	{ "/full", 10, LONGEST, 10, 0602 },
	{ "/half of it", 8, 1, 4, 01777 },
};
enum { N = sizeof(queues) / sizeof(queues[0]) };

static struct stat stats[N];

static unsigned int priority_of(int i)
{
	return i % 3 == 2 ? 32767 : i % 3;
}

static size_t length_of(const struct queue *q, int i)
{
	return i == 4 ? 0 : q->size - i % q->size;
}

static void make(const struct queue *q)
{
	struct mq_attr attr = { .mq_maxmsg = q->max, .mq_msgsize = q->size };
	mqd_t mq = mq_open(q->name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	struct stat *st = &stats[q - queues];
	char text[LONGEST];

	SETUP(mq >= 0 && fchmod(mq, q->mode) == 0);
	/* Fails where there are no other users. */
	if (!q->n)
		(void)!fchown(mq, 1000, 777);
	SETUP(fstat(mq, st) == 0);
	for (int i = 0; i < q->n; i++) {
		memset(text, 'a' + i, sizeof(text));
		SETUP(mq_send(mq, text, length_of(q, i), priority_of(i)) == 0);
	}
	SETUP(mq_close(mq) == 0);
}

static void check_message(const struct queue *q, mqd_t mq, int i)
{
	unsigned int priority = 0;
	char text[LONGEST];
	ssize_t len = mq_receive(mq, text, sizeof(text), &priority);

	CHECK_EQ(len, length_of(q, i));
	CHECK_EQ(priority, priority_of(i));
	for (ssize_t k = 0; k < len; k++)
		CHECK(text[k] == 'a' + i, "%s: message %d has '%c'", q->name, i, text[k]);
}

static void check(const struct queue *q)
{
	mqd_t mq = mq_open(q->name, O_RDWR | O_NONBLOCK);
	struct mq_attr attr = { 0 };
	struct stat st;

	CHECK(mq >= 0, "%s: %s", q->name, strerror(errno));
	CHECK(mq_getattr(mq, &attr) == 0 && fstat(mq, &st) == 0, "%s: attributes", q->name);
	CHECK_EQ(attr.mq_maxmsg, q->max);
	CHECK_EQ(attr.mq_msgsize, q->size);
	CHECK_EQ(attr.mq_curmsgs, q->n);
	CHECK_EQ(st.st_mode & 07777, q->mode);
	CHECK_EQ(st.st_uid, stats[q - queues].st_uid);
	CHECK_EQ(st.st_gid, stats[q - queues].st_gid);
	/* The highest priority first, and of one priority the oldest. */
	for (int rest = 2; rest >= 0; rest--)
		for (int i = rest; i < q->n; i += 3)
			check_message(q, mq, i);
	CHECK(mq_receive(mq, (char[LONGEST]){ 0 }, LONGEST, NULL) < 0 && errno == EAGAIN, "%s: one more", q->name);
	mq_close(mq);
}

int main(void)
{
	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	for (int i = 0; i < N; i++)
		make(&queues[i]);
	zt_checkpoint();

	for (int i = 0; i < N; i++)
		check(&queues[i]);
	return zt_result();
}
