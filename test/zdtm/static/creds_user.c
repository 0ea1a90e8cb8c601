// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that has become an ordinary user: without CAP_SYS_RESOURCE a tool cannot ask for its
 * limits from outside.
 * zdtm-peer: refuses it without CAP_SYS_RESOURCE
 * zdtm-flavor: h,ns
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct rlimit limit = { 100, 200 }, now;
	gid_t groups[4];
	int fd;

	zt_init();
	zt_write_file(zt_path("secret"), "x", 1);
	SETUP(chmod(zt_path("secret"), 0600) == 0);
	fd = open(zt_path("secret"), O_RDWR);
	SETUP(fd >= 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0);
	SETUP(setgroups(2, (gid_t[]){ 7, 8 }) == 0 && setresgid(1234, 1234, 1234) == 0);
	SETUP(setresuid(4321, 4321, 4321) == 0);
	zt_checkpoint();

	CHECK(getuid() == 4321 && geteuid() == 4321 && getgid() == 1234, "ids");
	CHECK(getgroups(4, groups) == 2 && groups[0] == 7 && groups[1] == 8, "groups");
	CHECK(setuid(0) < 0 && errno == EPERM, "can become root");
	CHECK(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 100 && now.rlim_max == 200,
	      "limit");
	CHECK(write(fd, "y", 1) == 1, "the file opened as root");
	CHECK(open(zt_path("secret"), O_RDONLY) < 0 && errno == EACCES, "can open the file");
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
	return zt_result();
}
