// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed mappings: content kept, unmapping and changing them still refused.
 * zdtm-peer: loses the seal
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

enum { PAGE = 4096, SYS_MSEAL = 462 };

int main(void)
{
	char *data, *code;

	zt_init();
	data = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	code = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(data != MAP_FAILED && code != MAP_FAILED);
	zt_fill(data, 8 * PAGE, 1);
	zt_fill(code, 8 * PAGE, 2);
	SETUP(mprotect(code, 8 * PAGE, PROT_READ | PROT_EXEC) == 0);
	if (syscall(SYS_MSEAL, data, 8 * PAGE, 0) < 0 || syscall(SYS_MSEAL, code, 8 * PAGE, 0) < 0)
		zt_skip("the kernel has no mseal");
	zt_checkpoint();

	CHECK(zt_is_filled(data, 8 * PAGE, 1) && zt_is_filled(code, 8 * PAGE, 2), "content");
	CHECK(munmap(data, PAGE) < 0 && errno == EPERM, "the data can be unmapped");
	CHECK(mprotect(code, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EPERM,
	      "the code can be changed");
	CHECK(madvise(code, PAGE, MADV_DONTNEED) < 0 && errno == EPERM, "the code can be dropped");
	data[0]++;
	return zt_result();
}
