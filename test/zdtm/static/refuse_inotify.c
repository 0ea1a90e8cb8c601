// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An inotify descriptor: refused until its kind exists; its watch still tells.
 * zdtm-refuse: inotify
 * zdtm-code: file.unsupported
 * zdtm-peer: saves it
 */
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[4096];
	int fd;

	zt_init();
	fd = inotify_init1(IN_NONBLOCK);
	SETUP(fd >= 0 && inotify_add_watch(fd, zt_path("."), IN_CREATE) == 1);
	zt_checkpoint();

	while (read(fd, got, sizeof(got)) > 0)
		;
	zt_write_file(zt_path("new"), "x", 1);
	CHECK(read(fd, got, sizeof(got)) > 0, "nothing is told");
	return zt_result();
}
