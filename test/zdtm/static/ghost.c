// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deleted files that are still open: content with holes, position, mode; two descriptors of one
 * such file; directories.
 * zdtm-flavor: h,ns
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	static char content[8192], got[8192];
	int fd, again, ro, holes;
	struct stat st;

	zt_init();
	zt_fill(content, sizeof(content), 4);
	zt_write_file(zt_path("gone"), content, sizeof(content));
	SETUP(chmod(zt_path("gone"), 0641) == 0 && chown(zt_path("gone"), 12, 34) == 0);
	fd = open(zt_path("gone"), O_RDWR);
	again = open(zt_path("gone"), O_RDWR | O_APPEND);
	ro = open(zt_path("gone"), O_RDONLY);
	SETUP(fd >= 0 && again >= 0 && ro >= 0 && lseek(fd, 4096, SEEK_SET) == 4096 &&
	      unlink(zt_path("gone")) == 0);
	holes = open(zt_path("holes"), O_RDWR | O_CREAT, 0600);
	SETUP(holes >= 0 && unlink(zt_path("holes")) == 0 && ftruncate(holes, 1l << 32) == 0);
	SETUP(pwrite(holes, "far", 3, 1l << 31) == 3);
	zt_checkpoint();

	CHECK(read(fd, got, sizeof(got)) == 4096 && !memcmp(got, content + 4096, 4096),
	      "content behind the position");
	CHECK(write(again, "more", 4) == 4 && pread(fd, got, 4, 8192) == 4 &&
		      !memcmp(got, "more", 4),
	      "the descriptors are of different files");
	CHECK(pread(ro, got, 4, 8192) == 4 && write(ro, "x", 1) < 0, "the read-only descriptor");
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 07777) == 0641 &&
		      st.st_uid == 12 && st.st_gid == 34,
	      "links %lu, mode %o, owner %u:%u", (unsigned long)st.st_nlink, st.st_mode, st.st_uid,
	      st.st_gid);
	CHECK(access(zt_path("gone"), F_OK) < 0, "the file has its name again");
	CHECK(fstat(holes, &st) == 0 && st.st_size == 1l << 32 && st.st_blocks < 64,
	      "size %lld, %lld blocks", (long long)st.st_size, (long long)st.st_blocks);
	CHECK(pread(holes, got, 3, 1l << 31) == 3 && !memcmp(got, "far", 3),
	      "content between holes");
	return zt_result();
}
