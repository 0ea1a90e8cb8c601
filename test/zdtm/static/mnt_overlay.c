// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An overlay whose layers are in a tmpfs of the tree: made after what it is made of, with what was changed in it.
 * zdtm-ignore: fd \d+: (inode|mnt_id)
 * zdtm-peer: needs --root and a list of what comes from outside
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void put(const char *name, const char *text)
{
	int fd = open(zt_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	SETUP(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void check(const char *name, const char *text)
{
	char is[32] = "";

	CHECK(zt_read_file(zt_path(name), is, sizeof(is)) >= 0 && !strcmp(is, text), "%s holds \"%s\"", name, is);
}

static void child(void *arg)
{
	static const char *const dirs[] = { "t/lower", "t/low2", "t/upper", "t/work", "t/merged" };
	char options[1200], text[8] = "";
	int fd;

	(void)arg;
	SETUP(unshare(CLONE_NEWNS) == 0);
	SETUP(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	SETUP(mkdir(zt_path("t"), 0755) == 0 && mount("t", zt_path("t"), "tmpfs", 0, NULL) == 0);
	for (int i = 0; i < 5; i++)
		SETUP(mkdir(zt_path(dirs[i]), 0755) == 0);
	put("t/lower/low", "low");
	put("t/lower/changed", "before");
	put("t/low2/second", "second");
	put("t/lower/removed", "removed");
	snprintf(options, sizeof(options), "lowerdir=%s:%s,upperdir=%s,workdir=%s", zt_path("t/lower"), zt_path("t/low2"),
		 zt_path("t/upper"), zt_path("t/work"));
	if (mount("o", zt_path("t/merged"), "overlay", 0, options) < 0)
		zt_skip("no overlay here: %s", strerror(errno));
	put("t/merged/changed", "after");
	put("t/merged/new", "new");
	SETUP(unlink(zt_path("t/merged/removed")) == 0);
	SETUP((fd = open(zt_path("t/merged/low"), O_RDONLY | O_CLOEXEC)) >= 0);
	zt_checkpoint();

	check("t/merged/low", "low");
	check("t/merged/second", "second");
	check("t/merged/changed", "after");
	check("t/merged/new", "new");
	CHECK(access(zt_path("t/merged/removed"), F_OK) < 0, "a removed file is back");
	CHECK(read(fd, text, 3) == 3 && !strcmp(text, "low"), "the open file holds \"%s\"", text);
	put("t/merged/later", "later");
	check("t/upper/later", "later");
}

int main(void)
{
	return zt_in_child(child);
}
