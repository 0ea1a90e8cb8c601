// SPDX-License-Identifier: GPL-2.0-or-later
/* Pipes keep content, size and end of file; empty, part full and full. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

static char sent[1 << 16], got[1 << 16];

int main(void)
{
	int part[2], full[2], closed[2], empty[2], big[2];
	ssize_t n_full = 0, n;

	zt_init();
	zt_fill(sent, sizeof(sent), 1);
	SETUP(pipe(part) == 0 && pipe2(full, O_NONBLOCK) == 0 && pipe(closed) == 0 &&
	      pipe2(empty, O_NONBLOCK) == 0);
	SETUP(pipe2(big, O_NONBLOCK) == 0 && fcntl(big[1], F_SETPIPE_SZ, 256 * 1024) == 256 * 1024);
	SETUP(fcntl(full[1], F_SETPIPE_SZ, 8192) == 8192);
	SETUP(write(part[1], sent, 3000) == 3000 && write(part[1], sent + 3000, 5) == 5);
	SETUP(read(part[0], got, 100) == 100);
	while ((n = write(full[1], sent + n_full, 1000)) > 0)
		n_full += n;
	SETUP(write(closed[1], sent, 10) == 10 && close(closed[1]) == 0);
	for (int i = 0; i < 3; i++)
		SETUP(write(big[1], sent, sizeof(sent)) == sizeof(sent));
	zt_checkpoint();

	CHECK_EQ(read(part[0], got, sizeof(got)), 2905);
	CHECK(!memcmp(got, sent + 100, 2905), "content of the part full pipe");
	CHECK_EQ(fcntl(full[1], F_GETPIPE_SZ), 8192);
	CHECK(write(full[1], sent, 1000) < 0 && errno == EAGAIN, "the full pipe takes more");
	CHECK_EQ(read(full[0], got, sizeof(got)), n_full);
	CHECK(!memcmp(got, sent, (size_t)n_full), "content of the full pipe");
	CHECK_EQ(read(closed[0], got, sizeof(got)), 10);
	CHECK_EQ(read(closed[0], got, sizeof(got)), 0);
	CHECK(read(empty[0], got, 1) < 0 && errno == EAGAIN, "the empty pipe is not empty");
	CHECK_EQ(write(empty[1], "x", 1), 1);
	CHECK_EQ(read(empty[0], got, 2), 1);
	CHECK_EQ(fcntl(big[0], F_GETPIPE_SZ), 256 * 1024);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(read(big[0], got, sizeof(got)), sizeof(got));
		CHECK(!memcmp(got, sent, sizeof(got)), "content of the big pipe, part %d", i);
	}
	return zt_result();
}
