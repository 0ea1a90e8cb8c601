// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits far below what the process already has: descriptors, locked memory, file size, processes.
 * zdtm-peer: cannot work with 8 descriptors
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void limit(int which, rlim_t value)
{
	SETUP(setrlimit(which, &(struct rlimit){ value, value }) == 0);
}

int main(void)
{
	char *mem, got[8] = "";
	int fd;

	zt_init();
	signal(SIGXFSZ, SIG_IGN);
	zt_write_file(zt_path("file"), "content", 7);
	fd = open(zt_path("file"), O_RDWR);
	SETUP(fd >= 0 && dup2(fd, 500) == 500 && dup2(fd, 900) == 900);
	mem = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(mem != MAP_FAILED && mlock(mem, 64 << 10) == 0);
	zt_fill(mem, 4 << 20, 1);
	fd = open(zt_path("gone"), O_RDWR | O_CREAT, 0600);
	SETUP(fd >= 0 && write(fd, mem, 64 << 10) == 64 << 10 && unlink(zt_path("gone")) == 0);
	umask(0777);
	limit(RLIMIT_NOFILE, 8);
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_FSIZE, 64);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_SIGPENDING, 0);
	limit(RLIMIT_STACK, 16384);
	limit(RLIMIT_CORE, 0);
	zt_checkpoint();

	CHECK(pread(900, got, 7, 0) == 7 && !strcmp(got, "content"), "descriptor 900");
	CHECK(zt_is_filled(mem, 4 << 20, 1), "memory");
	CHECK(pwrite(fd, "x", 1, 100) < 0 && errno == EFBIG, "RLIMIT_FSIZE");
	CHECK(fcntl(0, F_DUPFD, 7) == 7 && fcntl(0, F_DUPFD, 7) < 0 && errno == EMFILE,
	      "RLIMIT_NOFILE: errno %d", errno);
	CHECK_EQ(zt_proc_value("/proc/self/status", "VmLck", 10), 64);
	/* the verdict is written within these limits, too */
	CHECK(close(7) == 0, "close");
	return zt_result();
}
