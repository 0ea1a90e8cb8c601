// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An AIO context: refused for now; requests still work afterwards.
 * zdtm-refuse: aio
 * zdtm-code: mem.unsupported
 * zdtm-peer: saves it
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	aio_context_t context = 0;
	struct iocb request = { 0 }, *list = &request;
	struct io_event event = { 0 };
	int fd;

	zt_init();
	fd = open(zt_path("file"), O_RDWR | O_CREAT, 0600);
	SETUP(fd >= 0);
	if (syscall(SYS_io_setup, 8, &context) < 0)
		zt_skip("the kernel has no AIO");
	zt_checkpoint();

	request.aio_fildes = (uint32_t)fd;
	request.aio_lio_opcode = IOCB_CMD_PWRITE;
	request.aio_buf = (uintptr_t) "data";
	request.aio_nbytes = 4;
	CHECK_EQ(syscall(SYS_io_submit, context, 1, &list), 1);
	CHECK_EQ(syscall(SYS_io_getevents, context, 1, 1, &event, NULL), 1);
	CHECK_EQ(event.res, 4);
	return zt_result();
}
