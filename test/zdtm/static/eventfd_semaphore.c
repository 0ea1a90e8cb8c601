// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * eventfd in semaphore mode: a read takes one.
 * zdtm-peer: loses the semaphore mode
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int fd = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
	uint64_t value;

	zt_init();
	SETUP(fd >= 0);
	zt_checkpoint();

	for (int i = 0; i < 3; i++)
		CHECK(read(fd, &value, 8) == 8 && value == 1, "read %d gives %llu", i,
		      (unsigned long long)value);
	CHECK(read(fd, &value, 8) < 0, "there was more than 3");
	return zt_result();
}
