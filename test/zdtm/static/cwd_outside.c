// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root directory below the working directory: the cwd cannot be named from inside, and is still where it was.
 * zdtm-flavor: h,ns,uns
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	struct stat st;

	(void)arg;
	/* "ready" is made before the change of root: the library needs its directory */
	zt_ready();
	SETUP(chroot("jail") == 0);
	SETUP(open("changed", O_CREAT | O_WRONLY, 0600) >= 0);
	zt_wait();
	CHECK(stat("outside", &st) == 0, "the cwd is another");
	CHECK(stat("/inside", &st) == 0, "the root is another");
	CHECK(stat("/outside", &st) < 0, "the root is where the cwd is");
}

int main(void)
{
	pid_t kid;

	zt_init();
	SETUP(mkdir("jail", 0755) == 0);
	zt_write_file("jail/inside", "x", 1);
	zt_write_file("outside", "x", 1);
	kid = zt_child(child, NULL);
	while (access("changed", F_OK) < 0)
		zt_sleep_ms(1);
	zt_checkpoint();
	zt_end_child(kid);
	return zt_result();
}
