/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU state that no register set shows: permissions, tags, descriptor tables. */
#include <compel/pie.h>
#include "cpu.pie.h"

static long arch_prctl(uint64_t code, uint64_t arg)
{
	return pie_syscall6(__NR_arch_prctl, (long)code, (long)arg, 0, 0, 0, 0);
}

void cpu_scan_inside(struct cpu_inside *ret)
{
	enum { READ_LDT = 0 };
	uint64_t entry;

	ret->xcomp_err = arch_prctl(CPU_GET_XCOMP_PERM, (uint64_t)&ret->xcomp_perm);
	ret->untag_err = arch_prctl(CPU_GET_UNTAG_MASK, (uint64_t)&ret->untag_mask);
	ret->ldt_bytes = pie_syscall6(__NR_modify_ldt, READ_LDT, (long)&entry, sizeof(entry), 0, 0, 0);
}

void cpu_scan_inside_thread(struct cpu_inside_thread *ret)
{
	ret->cpuid = arch_prctl(CPU_GET_CPUID, 0);
}

long cpu_mm_arm(const struct cpu_mm_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = arch_prctl(rows[i].code, rows[i].arg);
	return err;
}

long cpu_thread_arm(const struct cpu_thread_arm *rows, unsigned int n)
{
	long err = 0;

	for (unsigned int i = 0; i < n && !err; i++)
		err = arch_prctl(rows[i].code, rows[i].arg);
	return err;
}
