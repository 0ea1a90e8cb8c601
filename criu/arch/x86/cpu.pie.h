/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* cpu.pie.h: what only the task can ask of its CPU state, and set in the end */
#include <stdint.h>

/* arch_prctl(2) codes, from asm/prctl.h of newer kernels than the oldest that we are built on. */
enum {
	CPU_GET_CPUID = 0x1011, CPU_SET_CPUID = 0x1012, CPU_GET_XCOMP_PERM = 0x1022, CPU_REQ_XCOMP_PERM = 0x1023,
	CPU_GET_UNTAG_MASK = 0x4001, CPU_ENABLE_TAGGED_ADDR = 0x4002,
};

struct cpu_inside {
	int64_t xcomp_err, untag_err;	/* of the two below; -EINVAL: the kernel knows no such thing */
	uint64_t xcomp_perm;		/* XSAVE components that the process may use */
	uint64_t untag_mask;		/* all ones: addresses carry no tags */
	int64_t ldt_bytes;		/* of a local descriptor table, 0: none, or a negative errno */
};
void cpu_scan_inside(struct cpu_inside *ret);

struct cpu_inside_thread {
	int64_t cpuid;			/* 1: allowed, 0: CPUID faults, or a negative errno */
};
void cpu_scan_inside_thread(struct cpu_inside_thread *ret);

/* One arch_prctl(2) call of the process (cpu_mm) or of a thread (cpu_thread). */
struct cpu_mm_arm {
	uint64_t code, arg;
};
long cpu_mm_arm(const struct cpu_mm_arm *rows, unsigned int n);

struct cpu_thread_arm {
	uint64_t code, arg;
};
long cpu_thread_arm(const struct cpu_thread_arm *rows, unsigned int n);
