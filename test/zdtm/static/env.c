// SPDX-License-Identifier: GPL-2.0-or-later
/* Environment, arguments and the auxiliary vector, as the program and as /proc show them. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	static char before[3][4096], after[4096];
	static const char *const files[] = { "/proc/self/environ", "/proc/self/cmdline",
					     "/proc/self/auxv" };
	ssize_t len[3];
	unsigned long page = getauxval(AT_PAGESZ), random = getauxval(AT_RANDOM);

	zt_init();
	SETUP(setenv("ZDTM_VARIABLE", "a value = with signs", 1) == 0);
	for (int i = 0; i < 3; i++)
		SETUP((len[i] = zt_read_file(files[i], before[i], sizeof(before[i]))) > 0);
	zt_checkpoint();

	CHECK(argc == 1 && strstr(argv[0], "env"), "argv[0] is %s", argv[0]);
	CHECK(!strcmp(getenv("ZDTM_VARIABLE") ?: "", "a value = with signs"),
	      "the variable is lost");
	CHECK_EQ(getauxval(AT_PAGESZ), page);
	CHECK_EQ(getauxval(AT_RANDOM), random);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(zt_read_file(files[i], after, sizeof(after)), len[i]);
		CHECK(!memcmp(before[i], after, (size_t)len[i]), "%s differs", files[i]);
	}
	return zt_result();
}
