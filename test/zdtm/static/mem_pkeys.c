// SPDX-License-Identifier: GPL-2.0-or-later
/* Protection keys: of mappings, which are allocated, and what the thread may do with each. */
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096 };

int main(void)
{
	char *mem;
	int key, other;

	zt_init();
	key = pkey_alloc(0, PKEY_DISABLE_WRITE);
	if (key < 0)
		zt_skip("the CPU has no protection keys");
	other = pkey_alloc(0, 0);
	mem = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(mem != MAP_FAILED && pkey_free(other) == 0);
	zt_fill(mem, 4 * PAGE, 1);
	SETUP(pkey_mprotect(mem, 4 * PAGE, PROT_READ | PROT_WRITE, key) == 0);
	zt_checkpoint();

	CHECK_EQ(pkey_get(key), PKEY_DISABLE_WRITE);
	CHECK(zt_is_filled(mem, 4 * PAGE, 1), "content");
	CHECK_EQ(pkey_alloc(0, 0), other);
	CHECK(pkey_set(key, 0) == 0, "pkey_set");
	mem[0]++;
	return zt_result();
}
