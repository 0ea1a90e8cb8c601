// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A proc in which mounts depend on processes: a tmpfs on a directory of the child itself, and one such directory bound
 * elsewhere. Beside it, a tmpfs that is in nobody's sight, since the way to it was covered by another later.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-peer: mounts them before the processes are there
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static bool holds(const char *path, const char *text)
{
	char is[32] = "";

	return zt_read_file(path, is, sizeof(is)) >= 0 && !strcmp(is, text);
}

static const char *own(const char *below)
{
	char path[100];

	snprintf(path, sizeof(path), "p/%d/%s", getpid(), below);
	return zt_path(path);
}

static void child(void *arg)
{
	(void)arg;
	SETUP(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(zt_path("p"), 0700) == 0 && mount("p", zt_path("p"), "proc", 0, NULL) == 0);
	SETUP(mkdir(zt_path("net"), 0700) == 0 && mount(own("net"), zt_path("net"), NULL, MS_BIND, NULL) == 0);
	SETUP(mount("mine", own("fdinfo"), "tmpfs", 0, NULL) == 0);
	zt_write_file(own("fdinfo/here"), "mine", 4);
	SETUP(mkdir(zt_path("way"), 0700) == 0 && mkdir(zt_path("way/to"), 0700) == 0);
	SETUP(mount("hidden", zt_path("way/to"), "tmpfs", 0, NULL) == 0);
	zt_write_file(zt_path("way/to/it"), "hidden", 6);
	SETUP(mount("cover", zt_path("way"), "tmpfs", 0, NULL) == 0);
	zt_checkpoint();

	CHECK(holds(own("fdinfo/here"), "mine"), "what was mounted on a directory of the process");
	CHECK(access(zt_path("net/dev"), F_OK) == 0, "the directory of the process that was bound");
	CHECK(umount(zt_path("way")) == 0 && holds(zt_path("way/to/it"), "hidden"), "what was covered");
	CHECK(umount(own("fdinfo")) == 0 && umount(zt_path("net")) == 0 && umount(zt_path("p")) == 0, "unmount them");
}

int main(void)
{
	return zt_in_child(child);
}
