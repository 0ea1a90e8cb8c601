// SPDX-License-Identifier: GPL-2.0-or-later
/* FS and GS base of each thread, and the three TLS slots of the descriptor table. */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running;

/* 64-bit programs have no system call for the slots, but the 32-bit entry is open to them. */
static int slot_call(int number, struct user_desc *slot)
{
	struct user_desc *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int err;

	SETUP(low != MAP_FAILED);
	*low = *slot;
	asm volatile("int $0x80"
		     : "=a"(err)
		     : "a"(number), "b"(low)
		     : "memory", "r8", "r9", "r10", "r11");
	*slot = *low;
	munmap(low, 4096);
	return err;
}

static void *work(void *arg)
{
	uintptr_t index = (uintptr_t)arg;
	static uint64_t areas[3];
	struct user_desc slot = { .entry_number = 12 + (unsigned int)index,
				  .base_addr = 0x10000 * ((unsigned int)index + 1),
				  .limit = 0xfff,
				  .seg_32bit = 1,
				  .useable = 1 },
			 now;
	unsigned long fs, fs_now = 0, gs_now = 0;
	uint64_t through_gs = 0;

	areas[index] = 0xabc0 + index;
	SETUP(syscall(SYS_arch_prctl, ARCH_SET_GS, &areas[index]) == 0);
	SETUP(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs) == 0);
	SETUP(slot_call(243, &slot) == 0);
	running++;
	zt_wait();

	CHECK(!syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_now) && fs_now == fs,
	      "fs base %#lx, was %#lx", fs_now, fs);
	CHECK(!syscall(SYS_arch_prctl, ARCH_GET_GS, &gs_now) &&
		      gs_now == (unsigned long)&areas[index],
	      "gs base %#lx", gs_now);
	if (gs_now)
		asm volatile("mov %%gs:0, %0" : "=r"(through_gs));
	CHECK_EQ(through_gs, 0xabc0 + index);
	memset(&now, 0, sizeof(now));
	now.entry_number = slot.entry_number;
	CHECK(slot_call(244, &now) == 0 && now.base_addr == slot.base_addr &&
		      now.limit == slot.limit,
	      "slot %u: base %#x limit %#x", now.entry_number, now.base_addr, now.limit);
	return NULL;
}

int main(void)
{
	pthread_t threads[3];

	zt_init();
	for (uintptr_t i = 0; i < 3; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < 3)
		zt_sleep_ms(1);
	zt_checkpoint();
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
