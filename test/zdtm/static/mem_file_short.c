// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mappings that reach beyond the end of their file: access there is SIGBUS as before; a file cut
 * after mapping.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096 };

static sigjmp_buf faulted;

static void on_bus(int sig)
{
	siglongjmp(faulted, sig);
}

static bool is_bus(volatile char *at)
{
	if (sigsetjmp(faulted, 1))
		return true;
	(void)*at;
	return false;
}

int main(void)
{
	static char content[8 * PAGE];
	char *shared, *private;
	int fd;

	zt_init();
	signal(SIGBUS, on_bus);
	zt_fill(content, sizeof(content), 1);
	zt_write_file(zt_path("file"), content, sizeof(content));
	fd = open(zt_path("file"), O_RDWR);
	shared = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	SETUP(fd >= 0 && shared != MAP_FAILED && private != MAP_FAILED);
	zt_fill(private + PAGE, PAGE, 2);
	zt_fill(private + 5 * PAGE, PAGE, 3);
	SETUP(ftruncate(fd, 4 * PAGE + 100) == 0);
	zt_checkpoint();

	CHECK(!is_bus(shared + 4 * PAGE) && is_bus(shared + 5 * PAGE) && is_bus(shared + 15 * PAGE),
	      "shared");
	CHECK(!is_bus(private + 4 * PAGE) && is_bus(private + 7 * PAGE), "private");
	CHECK(zt_is_filled(private + PAGE, PAGE, 2), "the changed page");
	CHECK(shared[4 * PAGE + 99] == content[4 * PAGE + 99] && shared[4 * PAGE + 100] == 0,
	      "around the end");
	CHECK(ftruncate(fd, 16 * PAGE) == 0 && !is_bus(shared + 15 * PAGE) &&
		      !is_bus(private + 15 * PAGE),
	      "grown again");
	return zt_result();
}
