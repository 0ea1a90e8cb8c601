// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shared file mappings: writes reach the file and the other process, read-only descriptors stay so.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, PAGES = 16 };

static char *shared;

static void child(void *arg)
{
	(void)arg;
	zt_checkpoint();
	memcpy(shared + 5 * PAGE, "from the child", 15);
}

int main(void)
{
	static char content[PAGES * PAGE], got[16];
	char *ro, *upper;
	int fd, ro_fd;
	pid_t kid;

	zt_init();
	zt_fill(content, sizeof(content), 6);
	zt_write_file(zt_path("mapped"), content, sizeof(content));
	fd = open(zt_path("mapped"), O_RDWR);
	ro_fd = open(zt_path("mapped"), O_RDONLY);
	SETUP(fd >= 0 && ro_fd >= 0);
	shared = mmap(NULL, sizeof(content), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	upper = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 8 * PAGE);
	ro = mmap(NULL, sizeof(content), PROT_READ, MAP_SHARED, ro_fd, 0);
	SETUP(shared != MAP_FAILED && ro != MAP_FAILED && upper != MAP_FAILED && close(ro_fd) == 0);
	memcpy(shared, "before", 6);
	memcpy(upper, "upper", 5);
	kid = zt_child(child, NULL);
	zt_checkpoint();

	CHECK(!memcmp(ro, "before", 6) && !memcmp(shared + 8 * PAGE, "upper", 5), "content");
	CHECK(!memcmp(upper, "upper", 5), "the upper mapping");
	zt_end_child(kid);
	CHECK(!memcmp(ro + 5 * PAGE, "from the child", 15), "the child's write is not seen");
	memcpy(shared + PAGE, "after", 5);
	CHECK(pread(fd, got, 5, PAGE) == 5 && !memcmp(got, "after", 5),
	      "the write does not reach the file");
	CHECK(mprotect(ro, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES,
	      "the read-only mapping can be written");
	CHECK(!memcmp(shared + 2 * PAGE, content + 2 * PAGE, 3 * PAGE), "content of the file");
	return zt_result();
}
