/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* arch.h: what an architecture (arch/<arch>/) gives to the library */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

bool arch_is_native64(const struct user_regs_struct *regs);

/* Offset of the first system call instruction in `code`, `len` if there is none. */
size_t arch_find_syscall(const unsigned char *code, size_t len);

/*
 * Offset of the first jump to itself that is taken with the flags that arch_syscall_regs() sets, `len`
 * if there is none.
 */
size_t arch_find_loop(const unsigned char *code, size_t len);

/*
 * Turn saved registers into those of a thread about to execute `nr` by the instruction at `insn`.
 */
void arch_syscall_regs(struct user_regs_struct *regs, unsigned long insn, long nr,
		       const unsigned long args[6]);
long arch_syscall_result(const struct user_regs_struct *regs);

/*
 * The same in two steps: registers of a thread that is about to make a call that does nothing and
 * takes no argument, pause(2); and at its entry stop, for call `nr` in its place, which returns to
 * `back` (0: behind the instruction).
 */
void arch_pause_regs(struct user_regs_struct *regs, unsigned long insn, const unsigned long args[6]);
void arch_pause_to_syscall(struct user_regs_struct *regs, long nr, unsigned long back);
/* Is a thread with these registers about to make that call, or in it? */
bool arch_is_in_pause(const struct user_regs_struct *regs, unsigned long insn);

/*
 * Whether system call `nr` with `flags` as its first argument makes the caller wait for a child as
 * vfork does.
 */
bool arch_is_vfork(long nr, unsigned long flags);

/*
 * Registers of a fresh stop: true if they were changed so that the interrupted call goes on instead
 * of failing.
 */
bool arch_mark_restart(struct user_regs_struct *regs);

/* --- entering loaded code --- */

struct arch_entry {
	unsigned long code, stack_top, frame;
	unsigned long arg;
	unsigned long to_unlock, len_to_unlock;	/* made writable first; length 0: nothing */
	int gate_sig;				/* 0: no signal, the gate is the call that leaves */
};

/* Offsets in a blob, from its head. */
struct arch_gates {
	unsigned long enter, call;	/* the ways in: to pie_main, to one system call */
	unsigned long signal, leave;	/* ip at the gate, with and without a signal */
};

#define ARCH_FRAME_SPACE 16384	/* bytes kept for a frame */

/* -EINVAL: the blob was not made by PIE_LINK. */
int arch_gates(const void *blob, size_t len, struct arch_gates *ret_gates);

/*
 * Registers to enter with; and what pie_main returned, from those at the gate (not called: the
 * error of making memory writable).
 */
void arch_enter_regs(struct user_regs_struct *regs, const struct arch_entry *entry);
void arch_call_regs(struct user_regs_struct *regs, const struct arch_entry *entry, long nr,
		    const unsigned long args[6]);
long arch_gate_result(const struct user_regs_struct *regs, bool *ret_was_called);
/* At the gate: the number of the process, as it sees itself. */
pid_t arch_gate_pid(const struct user_regs_struct *regs);
unsigned long arch_ip(const struct user_regs_struct *regs);
/* Was the thread stopped in a system call, or on its way out of one? */
bool arch_in_syscall(const struct user_regs_struct *regs);

/*
 * At a stop of a system call: registers to make it no call at all, and to go on as `own` (at
 * `abort_ip`, if not 0) without the kernel's help.
 */
void arch_cancel_leave(struct user_regs_struct *regs, const struct user_regs_struct *own,
		       unsigned long abort_ip);

/*
 * Write into `buf` (ARCH_FRAME_SPACE bytes that will be at `addr`) the signal frame through which a
 * thread gets back to `regs` (at `abort_ip`, if not 0), `mask` and the extended state. Returns its
 * length.
 */
size_t arch_frame(void *buf, unsigned long addr, const struct user_regs_struct *regs, uint64_t mask,
		  unsigned long abort_ip, const void *xsave, size_t len_xsave);
