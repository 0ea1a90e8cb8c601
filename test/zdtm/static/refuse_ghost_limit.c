// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A deleted file larger than --ghost-limit: refused, the option named.
 * zdtm-refuse: ghost-limit
 * zdtm-code: file.ghost-limit
 * zdtm-dump: --ghost-limit 64K
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	static char content[1 << 16];
	int fd;

	zt_init();
	fd = open(zt_path("large"), O_RDWR | O_CREAT, 0600);
	SETUP(fd >= 0 && unlink(zt_path("large")) == 0);
	memset(content, 1, sizeof(content));
	for (int i = 0; i < 3; i++)
		SETUP(write(fd, content, sizeof(content)) == sizeof(content));
	zt_checkpoint();

	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3 * sizeof(content));
	return zt_result();
}
