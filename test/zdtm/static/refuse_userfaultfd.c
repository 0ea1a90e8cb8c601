// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A userfaultfd: refused.
 * zdtm-refuse: userfaultfd
 * zdtm-code: file.unsupported
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd;

	zt_init();
	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (fd < 0)
		zt_skip("the kernel gives no userfaultfd");
	zt_checkpoint();

	CHECK(ioctl(fd, UFFDIO_API, &api) == 0, "the handshake");
	return zt_result();
}
