// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packet mode pipes: each read returns one packet, however large the buffer, also packets written
 * before.
 * zdtm-peer: refuses packet mode pipes
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	static const char *const packets[] = { "first", "2", "the third one" };
	char got[8192], large[4096];
	int ends[2], late[2];

	zt_init();
	zt_fill(large, sizeof(large), 2);
	SETUP(pipe2(ends, O_DIRECT) == 0 && pipe(late) == 0);
	for (int i = 0; i < 3; i++)
		SETUP(write(ends[1], packets[i], strlen(packets[i])) > 0);
	SETUP(write(ends[1], large, sizeof(large)) == sizeof(large));
	/*
	 * the mode belongs to each packet: these two are stream data although the flag is set now
	 */
	SETUP(write(late[1], "ab", 2) == 2 && fcntl(late[1], F_SETFL, O_DIRECT) == 0);
	SETUP(write(late[1], "cd", 2) == 2);
	zt_checkpoint();

	for (int i = 0; i < 3; i++) {
		size_t len = strlen(packets[i]);

		CHECK_EQ(read(ends[0], got, sizeof(got)), len);
		CHECK(!memcmp(got, packets[i], len), "packet %d differs", i);
	}
	CHECK_EQ(read(ends[0], got, sizeof(got)), sizeof(large));
	CHECK(!memcmp(got, large, sizeof(large)), "the large packet differs");
	CHECK(fcntl(ends[1], F_GETFL) & O_DIRECT, "the writer has lost O_DIRECT");
	CHECK(write(ends[1], "x", 1) == 1 && write(ends[1], "yz", 2) == 2, "write");
	CHECK_EQ(read(ends[0], got, sizeof(got)), 1);
	CHECK_EQ(read(ends[0], got, sizeof(got)), 2);
	CHECK_EQ(read(late[0], got, sizeof(got)), 4);
	CHECK(!memcmp(got, "abcd", 4), "content of the mixed pipe");
	return zt_result();
}
