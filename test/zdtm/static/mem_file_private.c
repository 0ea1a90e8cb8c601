// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private file mappings: unchanged pages still come from the file, changed ones are ours, offsets
 * and read-only files.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, PAGES = 32 };

int main(void)
{
	static char content[PAGES * PAGE];
	const char *path;
	char *all, *part, *ro, *none;
	int fd, ro_fd;

	zt_init();
	path = zt_path("mapped");
	zt_fill(content, sizeof(content), 5);
	zt_write_file(path, content, sizeof(content));
	fd = open(path, O_RDWR);
	ro_fd = open(path, O_RDONLY);
	SETUP(fd >= 0 && ro_fd >= 0);
	all = mmap(NULL, sizeof(content), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	part = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro_fd, 7 * PAGE);
	ro = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, ro_fd, 0);
	none = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro_fd, 20 * PAGE);
	SETUP(all != MAP_FAILED && part != MAP_FAILED && ro != MAP_FAILED && none != MAP_FAILED);
	SETUP(close(ro_fd) == 0);
	zt_fill(all + 3 * PAGE, PAGE, 77);
	zt_fill(part + PAGE, PAGE, 78);
	zt_fill(none, PAGE, 79);
	SETUP(mprotect(none, 4 * PAGE, PROT_NONE) == 0);
	zt_checkpoint();

	for (int i = 0; i < PAGES; i++)
		CHECK(i == 3 ? zt_is_filled(all + 3 * PAGE, PAGE, 77)
			     : !memcmp(all + i * PAGE, content + i * PAGE, PAGE),
		      "page %d", i);
	CHECK(!memcmp(part, content + 7 * PAGE, PAGE) && zt_is_filled(part + PAGE, PAGE, 78),
	      "the part");
	CHECK(!memcmp(ro, content, 4 * PAGE), "the read-only mapping");
	CHECK(mprotect(none, 4 * PAGE, PROT_READ) == 0 && zt_is_filled(none, PAGE, 79),
	      "the hidden page");
	CHECK(!memcmp(none + PAGE, content + 21 * PAGE, PAGE), "the hidden mapping");
	/* pages not copied yet follow the file */
	CHECK(pwrite(fd, "new", 3, 10 * PAGE) == 3 && !memcmp(all + 10 * PAGE, "new", 3),
	      "the file's change is not seen");
	CHECK(pwrite(fd, "new", 3, 3 * PAGE) == 3 && memcmp(all + 3 * PAGE, "new", 3) != 0,
	      "the copied page follows");
	memset(all, 1, PAGE);
	CHECK(pread(fd, content, 1, 0) == 1 && content[0] != 1, "a private write reaches the file");
	return zt_result();
}
