// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System V message queues: ids, keys, limits, and messages of all sizes and types in their order; a queue whose limit
 * was lowered below what is in it.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "zdtm.h"

enum { MANY = 500, LONGEST = 8192 };

struct text {
	long type;
	char text[LONGEST];
};

static size_t length_of(int i)
{
	static const size_t lengths[] = { 0, 1, 7, 8, 9, 100 };

	return lengths[i % 6];
}

static void put(int id, long type, size_t len, unsigned int seed)
{
	struct text t = { .type = type };

	for (size_t i = 0; i < len; i++)
		t.text[i] = seed * 31 + i;
	SETUP(msgsnd(id, &t, len, IPC_NOWAIT) == 0);
}

static void take(int id, long type, size_t len, unsigned int seed)
{
	struct text t;
	ssize_t got = msgrcv(id, &t, LONGEST, 0, IPC_NOWAIT);

	CHECK(got == (ssize_t)len && t.type == type, "message of type %ld with %zd bytes, should be %ld, %zu", t.type,
	      got, type, len);
	for (ssize_t i = 0; i < got; i++)
		if (t.text[i] != (char)(seed * 31 + i)) {
			CHECK(0, "byte %zd of a message of %zd", i, got);
			break;
		}
}

static void check_same(int id, const struct msqid_ds *before)
{
	struct msqid_ds now;

	CHECK(msgctl(id, IPC_STAT, &now) == 0, "queue %d: %s", id, strerror(errno));
	CHECK_EQ(now.msg_perm.__key, before->msg_perm.__key);
	CHECK_EQ(now.msg_perm.mode, before->msg_perm.mode);
	CHECK_EQ(now.msg_perm.uid, before->msg_perm.uid);
	CHECK_EQ(now.msg_perm.cuid, before->msg_perm.cuid);
	CHECK_EQ(now.msg_qbytes, before->msg_qbytes);
	CHECK_EQ(now.msg_qnum, before->msg_qnum);
	CHECK_EQ(now.__msg_cbytes, before->__msg_cbytes);
}

int main(void)
{
	struct msqid_ds many_ds, low_ds, empty_ds;
	int gone, many, low, empty;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	gone = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	many = msgget(0x3a61, IPC_CREAT | 0640);
	low = msgget(IPC_PRIVATE, IPC_CREAT | 0606);
	empty = msgget(0x3a62, IPC_CREAT | 0666);
	SETUP(gone >= 0 && many >= 0 && low >= 0 && empty >= 0 && msgctl(gone, IPC_RMID, NULL) == 0);
	for (int i = 0; i < MANY; i++)
		put(many, 1 + i % 7, length_of(i), i);
	put(low, 1L << 40, LONGEST, 5);
	put(low, 2, LONGEST - 1, 6);
	SETUP(msgctl(low, IPC_STAT, &low_ds) == 0);
	low_ds.msg_qbytes = 100;
	SETUP(msgctl(low, IPC_SET, &low_ds) == 0);
	SETUP(msgctl(many, IPC_STAT, &many_ds) == 0 && msgctl(low, IPC_STAT, &low_ds) == 0);
	SETUP(msgctl(empty, IPC_STAT, &empty_ds) == 0);
	zt_checkpoint();

	check_same(many, &many_ds);
	check_same(low, &low_ds);
	check_same(empty, &empty_ds);
	CHECK_EQ(msgget(0x3a61, 0), many);
	CHECK_EQ(msgget(0x3a62, 0), empty);
	CHECK(msgctl(gone, IPC_STAT, &empty_ds) < 0, "the first queue is back");
	for (int i = 0; i < MANY; i++)
		take(many, 1 + i % 7, length_of(i), i);
	take(low, 1L << 40, LONGEST, 5);
	take(low, 2, LONGEST - 1, 6);
	return zt_result();
}
