// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A POSIX message queue: refused until its kind exists; its message is still there.
 * zdtm-refuse: mqueue|message queue
 * zdtm-code: file.unsupported
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	unsigned int prio = 0;
	char name[32], got[64];
	mqd_t queue;

	zt_init();
	snprintf(name, sizeof(name), "/zdtm-%d", getpid());
	queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	if (queue < 0)
		zt_skip("the kernel has no message queues");
	SETUP(mq_unlink(name) == 0 && mq_send(queue, "data", 4, 3) == 0);
	zt_checkpoint();

	CHECK(mq_receive(queue, got, sizeof(got), &prio) == 4 && prio == 3, "the message");
	return zt_result();
}
