// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Restartable sequences: registered still, cpu numbers alive, and a critical section aborted or
 * finished, never torn.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running;
static _Atomic uint64_t aborts, commits;

static struct rseq *own_area(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* One long critical section: counts to 100000 and then commits with a single store. */
static bool count_in_section(struct rseq *area, uint64_t *counter, uint64_t next)
{
	bool is_aborted = false;

	asm volatile goto(".pushsection __rseq_cs, \"aw\"; .balign 32\n\t"
			  "3: .long 0, 0; .quad 1f, 2f - 1f, 4f\n\t"
			  ".popsection\n\t"
			  "lea 3b(%%rip), %%rax; mov %%rax, %c[cs](%[area])\n\t"
			  "1: mov $100000, %%ecx\n\t"
			  "5: dec %%ecx; jnz 5b\n\t"
			  "mov %[next], (%[counter])\n\t"
			  "2: jmp 6f\n\t"
			  ".long 0x53053053\n\t"
			  "4: jmp %l[aborted]\n\t"
			  "6:\n\t"
			  :
			  : [area] "r"(area), [cs] "i"(offsetof(struct rseq, rseq_cs)),
			    [next] "r"(next), [counter] "r"(counter)
			  : "rax", "rcx", "memory", "cc"
			  : aborted);
	return !is_aborted;
aborted:
	return false;
}

static void *work(void *arg)
{
	struct rseq *area = own_area();
	uint64_t counter = 0, expected = 0;

	(void)arg;
	running++;
	while (!zt_is_over()) {
		if (count_in_section(area, &counter, expected + 1)) {
			expected++;
			commits++;
		} else {
			aborts++;
		}
		CHECK(counter == expected, "a section was torn: %llu, should be %llu",
		      (unsigned long long)counter, (unsigned long long)expected);
	}
	CHECK(area->cpu_id < 4096 && sched_getcpu() >= 0, "cpu_id %d", (int)area->cpu_id);
	/*
	 * already registered: only another address is refused with EINVAL, the same one with EBUSY
	 */
	CHECK(syscall(SYS_rseq, area, 32, 0, 0x53053053) < 0 && errno == EBUSY,
	      "not registered any more: errno %d", errno);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	cpu_set_t one;

	zt_init();
	if (__rseq_size == 0)
		zt_skip("the C library has not registered rseq");
	for (int i = 0; i < 2; i++)
		SETUP(pthread_create(&threads[i], NULL, work, NULL) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	zt_checkpoint();

	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* the kernel writes the number of the cpu at each move */
	for (int cpu = 0; cpu < 2; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) == 0)
			CHECK_EQ(own_area()->cpu_id, cpu);
	}
	CHECK(commits > 0, "no section was ever finished");
	return zt_result();
}
