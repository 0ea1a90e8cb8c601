// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mappings of a deleted file, and of one replaced by another of the same name: the old content
 * stays.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, LEN = 8 * PAGE };

static char content[LEN];

static char *map_and(const char *name, int flags, uint64_t seed)
{
	int fd;
	char *mem;

	zt_fill(content, LEN, seed);
	zt_write_file(zt_path(name), content, LEN);
	fd = open(zt_path(name), O_RDWR);
	SETUP(fd >= 0);
	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE, flags, fd, 0);
	SETUP(mem != MAP_FAILED && close(fd) == 0);
	return mem;
}

int main(void)
{
	char *private, *shared, *replaced, text[16];

	zt_init();
	private = map_and("private", MAP_PRIVATE, 1);
	shared = map_and("shared", MAP_SHARED, 2);
	replaced = map_and("replaced", MAP_PRIVATE, 3);
	memcpy(private + PAGE, "changed", 7);
	memcpy(shared + PAGE, "changed", 7);
	SETUP(unlink(zt_path("private")) == 0 && unlink(zt_path("shared")) == 0);
	zt_write_file(zt_path("other"), "other", 5);
	SETUP(rename(zt_path("other"), zt_path("replaced")) == 0);
	zt_checkpoint();

	CHECK(zt_is_filled(private, PAGE, 1) && !memcmp(private + PAGE, "changed", 7),
	      "private mapping");
	CHECK(zt_is_filled(shared, PAGE, 2) && !memcmp(shared + PAGE, "changed", 7),
	      "shared mapping");
	CHECK(zt_is_filled(replaced, LEN, 3), "mapping of the replaced file");
	CHECK(zt_read_file(zt_path("replaced"), text, sizeof(text)) == 5 &&
		      !memcmp(text, "other", 5),
	      "the new file");
	CHECK(access(zt_path("private"), F_OK) < 0 && access(zt_path("shared"), F_OK) < 0,
	      "a deleted file is back");
	memcpy(shared, "writable", 8);
	return zt_result();
}
