// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fanotify descriptor: refused until its kind exists.
 * zdtm-refuse: fanotify
 * zdtm-code: file.unsupported
 * zdtm-peer: saves it
 */
#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	char got[4096];
	int fd;

	zt_init();
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	if (fd < 0)
		zt_skip("the kernel gives no fanotify");
	SETUP(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, zt_path("verdict")) == 0);
	zt_checkpoint();

	CHECK(open(zt_path("verdict"), O_RDONLY) >= 0 && read(fd, got, sizeof(got)) > 0,
	      "nothing is told");
	return zt_result();
}
