// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An io_uring descriptor: refused; afterwards the ring still takes and completes requests.
 * zdtm-refuse: io_uring
 * zdtm-code: file.unsupported
 * zdtm-code: mem.unsupported
 */
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct io_uring_params params = { 0 };
	struct io_uring_sqe *sqes;
	char *sq;
	int fd;

	zt_init();
	fd = (int)syscall(SYS_io_uring_setup, 8, &params);
	if (fd < 0)
		zt_skip("the kernel does not give io_uring");
	sq = mmap(NULL, params.sq_off.array + 32, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		  fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		    IORING_OFF_SQES);
	SETUP(sq != MAP_FAILED && sqes != MAP_FAILED);
	zt_checkpoint();

	sqes[0].opcode = IORING_OP_NOP;
	*(unsigned int *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	CHECK_EQ(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
	return zt_result();
}
