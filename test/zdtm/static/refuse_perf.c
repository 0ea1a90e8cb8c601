// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A perf event: refused; it still counts.
 * zdtm-refuse: perf
 * zdtm-code: file.unsupported
 */
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_TASK_CLOCK };
	uint64_t count = 0;
	int fd;

	zt_init();
	attr.size = sizeof(attr);
	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	if (fd < 0)
		zt_skip("the kernel gives no perf events");
	zt_checkpoint();

	CHECK(read(fd, &count, sizeof(count)) == sizeof(count) && count > 0, "it does not count");
	return zt_result();
}
