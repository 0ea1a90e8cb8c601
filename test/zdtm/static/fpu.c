// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x87, SSE, AVX and AVX-512 registers with control words, held across the checkpoint by a loop and
 * by a sleeper.
 */
#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "zdtm.h"

static _Atomic int stop, running;
static uint64_t xcr0;

struct vectors {
	uint8_t xmm[8][16] __attribute__((aligned(64)));
	uint8_t ymm[8][32] __attribute__((aligned(64)));
	uint8_t zmm[8][64] __attribute__((aligned(64)));
	uint64_t mask[2];
	uint32_t mxcsr;
	uint16_t x87_control;
	double x87[4];
};

static uint64_t read_xcr0(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 3;
	asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a | (uint64_t)d << 32;
}

static void load_fpu(const struct vectors *v)
{
	asm volatile(
		"ldmxcsr %0; fninit; fldcw %1; fldl %2; fldl %3; fldl %4; fldl %5" ::"m"(v->mxcsr),
		"m"(v->x87_control), "m"(v->x87[0]), "m"(v->x87[1]), "m"(v->x87[2]),
		"m"(v->x87[3]));
}

static void save_fpu(struct vectors *v)
{
	asm volatile("fstpl %0; fstpl %1; fstpl %2; fstpl %3; fnstcw %4; stmxcsr %5; fninit"
		     : "=m"(v->x87[3]), "=m"(v->x87[2]), "=m"(v->x87[1]), "=m"(v->x87[0]),
		       "=m"(v->x87_control), "=m"(v->mxcsr));
}

/* clang-format off */
#define MOVE8(insn, reg, size, base, dir) \
	MOVE1_##dir(insn, reg, size, base, 0) MOVE1_##dir(insn, reg, size, base, 1) \
	MOVE1_##dir(insn, reg, size, base, 2) MOVE1_##dir(insn, reg, size, base, 3) \
	MOVE1_##dir(insn, reg, size, base, 4) MOVE1_##dir(insn, reg, size, base, 5) \
	MOVE1_##dir(insn, reg, size, base, 6) MOVE1_##dir(insn, reg, size, base, 7)
/* clang-format on */
#define NUMBER(reg, n) "%%" #reg #n
#define MOVE1_LOAD(insn, reg, size, base, n) \
#insn " " #n "*" #size "(%" #base "), " NUMBER(reg, n) "\n\t"
#define MOVE1_SAVE(insn, reg, size, base, n) \
#insn " " NUMBER(reg, n) ", " #n "*" #size "(%" #base ")\n\t"
#define WAIT "1: pause\n\tcmpl $0, (%2)\n\tje 1b\n\t"

static void hold_sse(uint8_t (*regs)[16])
{
	asm volatile(
		MOVE8(movdqu, xmm, 16, 0, LOAD) WAIT MOVE8(movdqu, xmm, 16, 0, SAVE)::"r"(regs),
		"i"(0), "r"(&stop)
		: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "memory", "cc");
}

__attribute__((target("avx"))) static void hold_avx(uint8_t (*regs)[32])
{
	asm volatile(MOVE8(vmovdqu, ymm, 32, 0, LOAD)
			     WAIT MOVE8(vmovdqu, ymm, 32, 0, SAVE) "vzeroupper" ::"r"(regs),
		     "i"(0), "r"(&stop)
		     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "memory",
		       "cc");
}

__attribute__((target("avx512f"))) static void hold_avx512(uint8_t (*regs)[64], uint64_t *mask)
{
	/*
	 * zmm16..23 have no older name: the "Hi16" part of the state, besides opmask and the upper
	 * halves
	 */
	asm volatile(
		"kmovw (%1), %%k1\n\tkmovw 8(%1), %%k7\n\t" MOVE8(vmovdqu64, zmm1, 64, 0, LOAD)
			MOVE8(vmovdqu64, zmm2, 64, 3, LOAD) WAIT MOVE8(vmovdqu64, zmm1, 64, 0, SAVE)
				MOVE8(vmovdqu64, zmm2, 64, 3,
				      SAVE) "kmovw %%k1, (%1)\n\tkmovw %%k7, 8(%1)\n\tvzeroupper" ::
					"r"(regs),
		"r"(mask), "r"(&stop), "r"(regs)
		: "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm20",
		  "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "k1", "k7",
		  "memory", "cc");
}

static void *hold(void *arg)
{
	int kind = (int)(intptr_t)arg;
	struct vectors before, now;

	zt_fill(&before, sizeof(before), (uint64_t)kind + 9);
	before.mxcsr = 0x7f80;
	before.x87_control = 0x0c7f;
	for (int i = 0; i < 4; i++)
		before.x87[i] = 1.25 * (i + 1 + kind);
	before.mask[0] &= 0xffff;
	before.mask[1] &= 0xffff;
	memcpy(&now, &before, sizeof(now));
	load_fpu(&before);
	running++;
	if (kind == 0)
		hold_sse(now.xmm);
	else if (kind == 1)
		hold_avx(now.ymm);
	else if (kind == 2)
		hold_avx512(now.zmm, now.mask);
	else
		zt_wait();
	save_fpu(&now);
	asm volatile("ldmxcsr %0" ::"m"((uint32_t){ 0x1f80 }));
	CHECK(!memcmp(now.xmm, before.xmm, sizeof(now.xmm)), "SSE registers differ");
	CHECK(!memcmp(now.ymm, before.ymm, sizeof(now.ymm)), "AVX registers differ");
	CHECK(kind == 2 || !memcmp(now.zmm, before.zmm, sizeof(now.zmm)), "memory differs");
	CHECK(kind != 2 || !memcmp(now.mask, before.mask, sizeof(now.mask)),
	      "mask registers differ");
	CHECK_EQ(now.mxcsr & ~0x3fu, before.mxcsr);
	CHECK_EQ(now.x87_control, before.x87_control);
	for (int i = 0; i < 4; i++)
		CHECK(now.x87[i] == before.x87[i], "x87 register %d differs", i);
	return NULL;
}

int main(void)
{
	static const uint64_t needs[] = { 3, 7, 0xe7, 3 };
	pthread_t threads[4];
	int n = 0;

	zt_init();
	xcr0 = read_xcr0();
	for (int i = 0; i < 4; i++)
		if ((xcr0 & needs[i]) == needs[i])
			SETUP(pthread_create(&threads[n++], NULL, hold, (void *)(intptr_t)i) == 0);
	while (running < n)
		zt_sleep_ms(1);
	zt_checkpoint();

	stop = 1;
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
