/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* arch.h: what an architecture (arch/<arch>/) gives to the library */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

extern const uint32_t arch_audit_number;	/* AUDIT_ARCH_* of native 64-bit tasks */

bool arch_is_native64(const struct user_regs_struct *regs);

/* Offset of the first system call instruction in `code`, `len` if there is none. */
size_t arch_find_syscall(const unsigned char *code, size_t len);

/* Turn saved registers into those of a thread about to execute `nr` by the instruction at `insn`. */
void arch_syscall_regs(struct user_regs_struct *regs, unsigned long insn, long nr, const unsigned long args[6]);
long arch_syscall_result(const struct user_regs_struct *regs);

/* Registers of a fresh stop: true if they were changed so that the interrupted call goes on instead of failing. */
bool arch_mark_restart(struct user_regs_struct *regs);
