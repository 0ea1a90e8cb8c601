// SPDX-License-Identifier: GPL-2.0-or-later
/* The limits of an IPC namespace, all of them changed; and that of the host stay. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "zdtm.h"

static const struct {
	const char *path, *value;
} settings[] = {
	{ "kernel/sem", "111\t2222\t33\t444" },
	{ "kernel/msgmax", "12345" },
	{ "kernel/msgmnb", "23456" },
	{ "kernel/msgmni", "345" },
	{ "kernel/shmmax", "456789012345" },
	{ "kernel/shmall", "567890123" },
	{ "kernel/shmmni", "678" },
	{ "kernel/shm_rmid_forced", "1" },
	{ "kernel/sem_next_id", "77" },
	{ "kernel/msg_next_id", "0" },
	{ "fs/mqueue/queues_max", "17" },
	{ "fs/mqueue/msg_max", "29" },
	{ "fs/mqueue/msgsize_max", "4321" },
	{ "fs/mqueue/msg_default", "7" },
	{ "fs/mqueue/msgsize_default", "765" },
};
enum { N = sizeof(settings) / sizeof(settings[0]) };

static int set(const char *path, const char *value)
{
	char full[64];
	int fd, done;

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	fd = open(full, O_WRONLY);
	done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return done;
}

static void check(const char *path, const char *value)
{
	char full[64], now[64];

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	CHECK(zt_read_file(full, now, sizeof(now)) > 0, "read %s", path);
	now[strcspn(now, "\n")] = 0;
	CHECK(strcmp(now, value) == 0, "%s is %s, should be %s", path, now, value);
}

int main(void)
{
	zt_init();
	SETUP(unshare(CLONE_NEWIPC) == 0);
	for (int i = 0; i < N; i++)
		if (!set(settings[i].path, settings[i].value))
			zt_skip("%s cannot be set in a namespace", settings[i].path);
	zt_checkpoint();

	for (int i = 0; i < N; i++)
		check(settings[i].path, settings[i].value);
	check("kernel/shm_next_id", "-1");
	return zt_result();
}
