// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * eventfd: all 64 bits of the counter, blocking and not, used on.
 * zdtm-peer: loses the upper half of the counter
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "zdtm.h"

static const uint64_t counters[] = { 0, 1, 0xffffffff, 0x123456789abcdef0, 0xfffffffffffffffe };

enum { N = sizeof(counters) / sizeof(counters[0]) };

int main(void)
{
	int fds[N];

	zt_init();
	for (int i = 0; i < N; i++) {
		fds[i] = eventfd(0, i % 2 ? EFD_NONBLOCK : EFD_NONBLOCK | EFD_CLOEXEC);
		SETUP(fds[i] >= 0);
		SETUP(!counters[i] || write(fds[i], &counters[i], 8) == 8);
	}
	zt_checkpoint();

	for (int i = 0; i < N; i++) {
		uint64_t value = 0, more = 5;

		CHECK_EQ(fcntl(fds[i], F_GETFD), i % 2 ? 0 : FD_CLOEXEC);
		if (counters[i])
			CHECK(read(fds[i], &value, 8) == 8 && value == counters[i],
			      "counter %d is %#llx", i, (unsigned long long)value);
		CHECK(read(fds[i], &value, 8) < 0 && errno == EAGAIN,
		      "counter %d is not zero after the read", i);
		CHECK(write(fds[i], &more, 8) == 8 && read(fds[i], &value, 8) == 8 && value == 5,
		      "use of %d", i);
	}
	return zt_result();
}
