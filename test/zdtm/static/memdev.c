// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory devices: null, zero, full, random, urandom; and private mappings of /dev/zero. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zdtm.h"

int main(void)
{
	int null, zero, full, random, urandom;
	char got[64], none[64] = "";
	char *mem;

	zt_init();
	null = open("/dev/null", O_RDWR);
	zero = open("/dev/zero", O_RDWR);
	full = open("/dev/full", O_WRONLY);
	random = open("/dev/random", O_RDONLY | O_NONBLOCK);
	urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	SETUP(null >= 0 && zero >= 0 && full >= 0 && random >= 0 && urandom >= 0);
	mem = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	SETUP(mem != MAP_FAILED);
	zt_fill(mem, 4096, 3);
	zt_checkpoint();

	CHECK(write(null, "x", 1) == 1 && read(null, got, 1) == 0, "null");
	memset(got, 1, sizeof(got));
	CHECK(read(zero, got, sizeof(got)) == sizeof(got) && !memcmp(got, none, sizeof(got)),
	      "zero");
	CHECK(write(full, "x", 1) < 0 && errno == ENOSPC, "full");
	CHECK(read(urandom, got, sizeof(got)) == sizeof(got) && memcmp(got, none, sizeof(got)) != 0,
	      "urandom");
	CHECK(read(random, got, sizeof(got)) > 0, "random");
	CHECK(zt_is_filled(mem, 4096, 3) && !mem[4096], "the mapping");
	return zt_result();
}
