/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers that are looked after; x86-64, like the library so far. */
#include "cpu.h"
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define N_GENERAL 15	/* all but rsp */

struct held {
	uint64_t general[16];
	uint64_t vector[16][4];		/* ymm0 .. ymm15 */
	char unused[384];
	uint64_t has_avx, rounds;
	uint64_t general_after[16];
	uint64_t vector_after[16][4];
};

_Static_assert(offsetof(struct held, vector) == 128 && offsetof(struct held, has_avx) == 1024 &&
	       offsetof(struct held, general_after) == 1040 && offsetof(struct held, vector_after) == 1168,
	       "the assembler code knows these offsets");

void hold_registers(struct held *h);

/* clang-format off: load everything, turn round .rounds times, store everything */
__asm__(
	"	.text\n"
	"hold_registers:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	push %rdi\n"
	"	push %rsi\n"
	"	testl $1, 1024(%rdi)\n"
	"	jz 2f\n"
	"	vmovups 128(%rdi), %ymm0\n"
	"	vmovups 160(%rdi), %ymm1\n"
	"	vmovups 192(%rdi), %ymm2\n"
	"	vmovups 224(%rdi), %ymm3\n"
	"	vmovups 256(%rdi), %ymm4\n"
	"	vmovups 288(%rdi), %ymm5\n"
	"	vmovups 320(%rdi), %ymm6\n"
	"	vmovups 352(%rdi), %ymm7\n"
	"	vmovups 384(%rdi), %ymm8\n"
	"	vmovups 416(%rdi), %ymm9\n"
	"	vmovups 448(%rdi), %ymm10\n"
	"	vmovups 480(%rdi), %ymm11\n"
	"	vmovups 512(%rdi), %ymm12\n"
	"	vmovups 544(%rdi), %ymm13\n"
	"	vmovups 576(%rdi), %ymm14\n"
	"	vmovups 608(%rdi), %ymm15\n"
	"	2: push 1032(%rdi)\n"
	"	mov 0(%rdi), %rax\n"
	"	mov 8(%rdi), %rbx\n"
	"	mov 16(%rdi), %rcx\n"
	"	mov 24(%rdi), %rdx\n"
	"	mov 32(%rdi), %rsi\n"
	"	mov 40(%rdi), %rbp\n"
	"	mov 48(%rdi), %r8\n"
	"	mov 56(%rdi), %r9\n"
	"	mov 64(%rdi), %r10\n"
	"	mov 72(%rdi), %r11\n"
	"	mov 80(%rdi), %r12\n"
	"	mov 88(%rdi), %r13\n"
	"	mov 96(%rdi), %r14\n"
	"	mov 104(%rdi), %r15\n"
	"	mov 112(%rdi), %rdi\n"
	"	1: pause\n"
	"	decq (%rsp)\n"
	"	jnz 1b\n"
	"	push %rdi\n"
	"	mov 24(%rsp), %rdi\n"
	"	mov %rax, 1040(%rdi)\n"
	"	mov %rbx, 1048(%rdi)\n"
	"	mov %rcx, 1056(%rdi)\n"
	"	mov %rdx, 1064(%rdi)\n"
	"	mov %rsi, 1072(%rdi)\n"
	"	mov %rbp, 1080(%rdi)\n"
	"	mov %r8, 1088(%rdi)\n"
	"	mov %r9, 1096(%rdi)\n"
	"	mov %r10, 1104(%rdi)\n"
	"	mov %r11, 1112(%rdi)\n"
	"	mov %r12, 1120(%rdi)\n"
	"	mov %r13, 1128(%rdi)\n"
	"	mov %r14, 1136(%rdi)\n"
	"	mov %r15, 1144(%rdi)\n"
	"	pop %rax\n"
	"	mov %rax, 1152(%rdi)\n"
	"	testl $1, 1024(%rdi)\n"
	"	jz 3f\n"
	"	vmovups %ymm0, 1168(%rdi)\n"
	"	vmovups %ymm1, 1200(%rdi)\n"
	"	vmovups %ymm2, 1232(%rdi)\n"
	"	vmovups %ymm3, 1264(%rdi)\n"
	"	vmovups %ymm4, 1296(%rdi)\n"
	"	vmovups %ymm5, 1328(%rdi)\n"
	"	vmovups %ymm6, 1360(%rdi)\n"
	"	vmovups %ymm7, 1392(%rdi)\n"
	"	vmovups %ymm8, 1424(%rdi)\n"
	"	vmovups %ymm9, 1456(%rdi)\n"
	"	vmovups %ymm10, 1488(%rdi)\n"
	"	vmovups %ymm11, 1520(%rdi)\n"
	"	vmovups %ymm12, 1552(%rdi)\n"
	"	vmovups %ymm13, 1584(%rdi)\n"
	"	vmovups %ymm14, 1616(%rdi)\n"
	"	vmovups %ymm15, 1648(%rdi)\n"
	"	vzeroupper\n"
	"	3: add $8, %rsp\n"
	"	pop %rsi\n"
	"	pop %rdi\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n"
);
/* clang-format on */

long check_registers(uint64_t seed)
{
	struct held h = { .has_avx = __builtin_cpu_supports("avx") != 0, .rounds = 20000 };
	long n_bad = 0;

	for (int i = 0; i < N_GENERAL; i++)
		h.general[i] = (seed + i) * 0x9e3779b97f4a7c15ULL;
	for (int i = 0; i < 64; i++)
		h.vector[i / 4][i % 4] = (seed + i) * 0xc2b2ae3d27d4eb4fULL;
	hold_registers(&h);
	for (int i = 0; i < N_GENERAL; i++)
		n_bad += h.general[i] != h.general_after[i];
	if (h.has_avx)
		n_bad += memcmp(h.vector, h.vector_after, sizeof(h.vector)) != 0;
	return n_bad;
}

void check_registers_forever(void)
{
	for (uint64_t seed = 1;; seed++)
		if (check_registers(seed))
			_exit(1);
}
