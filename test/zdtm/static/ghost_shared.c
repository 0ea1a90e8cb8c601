// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One deleted file behind many: opened by two names (both gone), by parent and child on their own,
 * mapped shared. It is
 * still one file: what one writes, the others see.
 * zdtm-peer: gives the mapping another name
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

static void child(void *arg)
{
	int fd = open(zt_path("one"), O_RDWR);

	(void)arg;
	SETUP(fd >= 0);
	zt_ready();
	zt_wait();
	CHECK(pwrite(fd, "child", 5, 100) == 5, "write");
}

int main(void)
{
	static char content[4096];
	struct stat st1, st2;
	char got[8] = "";
	int one, two;
	pid_t kid;
	char *mem;

	zt_init();
	zt_fill(content, sizeof(content), 1);
	zt_write_file(zt_path("one"), content, sizeof(content));
	SETUP(link(zt_path("one"), zt_path("two")) == 0);
	one = open(zt_path("one"), O_RDWR);
	two = open(zt_path("two"), O_RDONLY);
	SETUP(one >= 0 && two >= 0);
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, one, 0);
	SETUP(mem != MAP_FAILED);
	kid = zt_child(child, NULL);
	SETUP(unlink(zt_path("one")) == 0 && unlink(zt_path("two")) == 0);
	zt_checkpoint();

	CHECK(zt_is_filled(mem, 4096, 1), "content");
	CHECK(fstat(one, &st1) == 0 && fstat(two, &st2) == 0 && st1.st_ino == st2.st_ino, "two files of one");
	CHECK_EQ(st1.st_nlink, 0);
	zt_end_child(kid);
	CHECK(!memcmp(mem + 100, "child", 5), "the mapping is of another file than the child's");
	CHECK(pread(two, got, 5, 100) == 5 && !memcmp(got, "child", 5), "the second name was another file");
	memcpy(mem + 200, "map", 3);
	CHECK(pread(one, got, 3, 200) == 3 && !memcmp(got, "map", 3), "the mapping does not reach the file");
	return zt_result();
}
