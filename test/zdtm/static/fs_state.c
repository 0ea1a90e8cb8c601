// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Working directory, umask and root directory, of the root and of a child that has changed all
 * three.
 * zdtm-flavor: h,ns,uns
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void jailed(void *arg)
{
	struct stat st;
	char cwd[PATH_MAX];

	(void)arg;
	SETUP(chroot("jail") == 0 && chdir("/sub") == 0);
	umask(0127);
	zt_checkpoint();
	CHECK(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/sub"), "cwd is %s", cwd);
	CHECK(stat("/only-in-jail", &st) == 0, "the root is another");
	CHECK(stat("/etc", &st) < 0 && errno == ENOENT, "out of jail");
	CHECK_EQ(umask(0), 0127);
}

int main(void)
{
	char cwd[PATH_MAX], now[PATH_MAX + 64], jail_dir[PATH_MAX + 16];
	struct stat st;
	pid_t kid;
	int fd;

	zt_init();
	SETUP(getcwd(cwd, sizeof(cwd)) != NULL);
	SETUP(mkdir("jail", 0755) == 0 && mkdir("jail/sub", 0755) == 0 &&
	      mkdir("deeper", 0755) == 0);
	zt_write_file("jail/only-in-jail", "x", 1);
	/* the library writes to $ZDTM_DIR: a directory of that name is inside, too */
	snprintf(jail_dir, sizeof(jail_dir), "jail%s", cwd);
	for (char *p = jail_dir + 5; p; p = strchr(p + 1, '/')) {
		char saved = *p;

		*p = '\0';
		mkdir(jail_dir, 0755);
		*p = saved;
	}
	SETUP(mkdir(jail_dir, 0755) == 0);
	kid = fork();
	SETUP(kid >= 0);
	if (!kid)
		zt_run_child(jailed, NULL);
	snprintf(now, sizeof(now), "%s/ready.%d", jail_dir, kid);
	while (access(now, F_OK) < 0)
		zt_sleep_ms(1);
	SETUP(chdir("deeper") == 0);
	umask(0705);
	zt_checkpoint();

	strcat(cwd, "/deeper");
	CHECK(getcwd(now, sizeof(now)) && !strcmp(now, cwd), "cwd is %s, was %s", now, cwd);
	fd = open("made", O_CREAT | O_RDWR, 0777);
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0072, "made with mode %o",
	      st.st_mode & 0777);
	CHECK_EQ(umask(0), 0705);
	zt_end_child(kid);
	return zt_result();
}
