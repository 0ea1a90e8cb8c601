// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In an IPC namespace, a message that is longer than the limit: cannot be read, so it is refused.
 * zdtm-refuse: ipc.message
 * zdtm-code: ipc.message
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "zdtm.h"

enum { LEN = 4000 };

int main(void)
{
	struct { long type; char text[LEN]; } m = { .type = 3 };
	int id, fd;

	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	SETUP(id >= 0);
	memset(m.text, 'm', LEN);
	SETUP(msgsnd(id, &m, LEN, IPC_NOWAIT) == 0);
	fd = open("/proc/sys/kernel/msgmax", O_WRONLY);
	if (fd < 0 || write(fd, "1000", 4) != 4)
		zt_skip("kernel.msgmax cannot be set in a namespace");
	close(fd);
	zt_checkpoint();

	CHECK(msgrcv(id, &m, LEN, 0, IPC_NOWAIT) == LEN, "the message");
	return zt_result();
}
