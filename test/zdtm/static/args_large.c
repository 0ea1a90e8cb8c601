// SPDX-License-Identifier: GPL-2.0-or-later
/* Large arguments and environment (a quarter of a megabyte), odd bytes in them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 40, LEN = 6000 };

int main(int argc, char **argv)
{
	static char before[1 << 19], after[1 << 19];
	char *args[N + 2] = { "args_large", "line\nfeed" };
	ssize_t len;

	if (argc == 1) {
		for (int i = 2; i < N; i++) {
			args[i] = malloc(LEN + 1);
			memset(args[i], 'a' + i % 26, LEN);
			args[i][LEN] = '\0';
		}
		setenv("ODD", "\xff=\n=x", 1);
		execv("/proc/self/exe", args);
		return 3;
	}
	zt_init();
	len = zt_read_file("/proc/self/cmdline", before, sizeof(before));
	SETUP(len > (N - 2) * LEN && argc == N);
	zt_checkpoint();

	CHECK_EQ(zt_read_file("/proc/self/cmdline", after, sizeof(after)), len);
	CHECK(!memcmp(before, after, (size_t)len), "the arguments differ");
	CHECK(!strcmp(getenv("ODD") ?: "", "\xff=\n=x"), "the environment differs");
	for (int i = 2; i < N; i++)
		CHECK(strlen(argv[i]) == LEN && argv[i][LEN / 2] == 'a' + i % 26, "argument %d", i);
	return zt_result();
}
