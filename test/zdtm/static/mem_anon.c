// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private anonymous memory of many protections: content, holes, untouched and zero pages, and the
 * protection itself.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "zdtm.h"

enum { PAGE = 4096, LEN = 64 * PAGE };

static sigjmp_buf faulted;

static void on_fault(int sig)
{
	siglongjmp(faulted, sig);
}

static bool can(volatile char *at, bool write)
{
	if (sigsetjmp(faulted, 1))
		return false;
	if (write)
		*at = *at;
	else
		(void)*at;
	return true;
}

int main(void)
{
	static const int prots[] = { PROT_NONE,
				     PROT_READ,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC,
				     PROT_EXEC,
				     PROT_READ | PROT_WRITE | PROT_EXEC };
	enum { N = sizeof(prots) / sizeof(prots[0]) };
	char *areas[N], *sparse, *big;

	zt_init();
	signal(SIGSEGV, on_fault);
	for (int i = 0; i < N; i++) {
		areas[i] =
			mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		SETUP(areas[i] != MAP_FAILED);
		zt_fill(areas[i], LEN, (uint64_t)i);
		SETUP(mprotect(areas[i], LEN, prots[i]) == 0);
	}
	sparse = mmap(NULL, 1ul << 30, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	SETUP(sparse != MAP_FAILED);
	for (size_t at = 0; at < 1ul << 30; at += 77 * 1024 * 1024)
		zt_fill(sparse + at, PAGE, at);
	memset(sparse + 4 * PAGE, 0, 16 * PAGE);
	big = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	zt_fill(big, 16 << 20, 99);
	SETUP(madvise(big + (4 << 20), 1 << 20, MADV_DONTNEED) == 0);
	zt_checkpoint();

	for (int i = 0; i < N; i++) {
		/* where there is no protection-key support, PROT_EXEC alone lets read */
		if (prots[i] != PROT_EXEC)
			CHECK(can(areas[i], false) == !!(prots[i] & PROT_READ), "area %d: reading",
			      i);
		CHECK(can(areas[i] + PAGE, true) == !!(prots[i] & PROT_WRITE), "area %d: writing",
		      i);
		CHECK(mprotect(areas[i], LEN, PROT_READ) == 0, "area %d: mprotect", i);
		CHECK(zt_is_filled(areas[i], LEN, (uint64_t)i), "area %d: content", i);
	}
	for (size_t at = 0; at < 1ul << 30; at += 77 * 1024 * 1024) {
		CHECK(zt_is_filled(sparse + at, PAGE, at), "sparse area at %zu", at);
		CHECK(!sparse[at + PAGE] && !sparse[at + PAGE * 50],
		      "sparse area behind %zu is not zero", at);
	}
	CHECK(zt_is_filled(big, 4 << 20, 99) && zt_is_filled_part(big, 5 << 20, 16 << 20, 99),
	      "the big area");
	for (int i = 0; i < 1 << 20; i += 512)
		CHECK(!big[(4 << 20) + i], "the dropped part is not zero at %d", i);
	return zt_result();
}
