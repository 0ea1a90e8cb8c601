// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fields of the memory description: brk in use and moved on, argument and environment areas
 * moved elsewhere.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

/* As linux/prctl.h has it, which cannot be included together with sys/prctl.h. */
struct mm_map {
	uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t *auxv;
	uint32_t auxv_size, exe_fd;
};

static uint64_t stat_field(int number)
{
	char text[2048], *at;

	SETUP(zt_read_file("/proc/self/stat", text, sizeof(text)) > 0);
	at = strrchr(text, ')');
	for (int i = 2; i < number; i++)
		at = strchr(at + 1, ' ');
	return strtoull(at, NULL, 10);
}

int main(void)
{
	static const char args[] = "renamed\0with\0arguments", envs[] = "A=1\0B=2";
	char *area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     now[256];
	struct mm_map map = { 0 };
	char *heap;

	zt_init();
	memcpy(area, args, sizeof(args));
	memcpy(area + 4096, envs, sizeof(envs));
	heap = sbrk(3 * 4096 + 100);
	SETUP(heap != (void *)-1);
	memset(heap, 0x5a, 3 * 4096 + 100);
	map.start_code = stat_field(26);
	map.end_code = stat_field(27);
	map.start_stack = stat_field(28);
	map.start_data = stat_field(45);
	map.end_data = stat_field(46);
	map.start_brk = stat_field(47);
	map.brk = (uint64_t)(uintptr_t)sbrk(0);
	map.arg_start = (uintptr_t)area;
	map.arg_end = (uintptr_t)area + sizeof(args);
	map.env_start = (uintptr_t)area + 4096;
	map.env_end = (uintptr_t)area + 4096 + sizeof(envs);
	map.exe_fd = (uint32_t)-1;
	SETUP(prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) == 0);
	zt_checkpoint();

	CHECK_EQ((uintptr_t)sbrk(0), map.brk);
	for (int i = 0; i < 3 * 4096 + 100; i++)
		CHECK(heap[i] == 0x5a || zt_has_failed(), "the heap has changed at %d", i);
	CHECK(sbrk(1 << 20) == (void *)map.brk, "brk cannot grow");
	((char *)map.brk)[(1 << 20) - 1] = 1;
	CHECK(sbrk(-(1 << 20)) != (void *)-1 && (uintptr_t)sbrk(0) == map.brk, "brk cannot shrink");
	CHECK_EQ(zt_read_file("/proc/self/cmdline", now, sizeof(now)), sizeof(args));
	CHECK(!memcmp(now, args, sizeof(args)), "arguments: %s", now);
	CHECK_EQ(zt_read_file("/proc/self/environ", now, sizeof(now)), sizeof(envs));
	CHECK(!memcmp(now, envs, sizeof(envs)), "environment: %s", now);
	return zt_result();
}
