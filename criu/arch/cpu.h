/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/cpu.h: what criu/arch/<arch>/ tells the rest about a thread's CPU state */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"
#include "image/records.h"

struct user_regs_struct;		/* sys/user.h */

/*
 * An architecture provides these functions, the task kind cpu_kind (task/kind.h), the freestanding half cpu.pie.h and
 * cpuinfo.h. Nobody else names registers.
 */

/* For the tool, on a stopped thread of the restored tree: general registers, as the record has them. */
int cpu_regs_of(const CoreEntry *core, struct user_regs_struct *ret_regs) must_check;
/*
 * The same for the extended state, in the layout of this CPU. -ENOSPC: it needs *ret_len bytes. Components that this
 * CPU lacks are left out: cpu_kind.make_thread has said so by then.
 */
int cpu_xsave_of(const CoreEntry *core, void *ret_buf, size_t size, size_t *ret_len) must_check;
/* An address on the stack of a stopped thread that has room for len bytes which neither it nor a signal handler uses. */
uint64_t cpu_below_stack(const struct user_regs_struct *regs, size_t len);
/* What nobody but a tracer can set: before the registers, which may refer to it. */
int cpu_set_traced(const CoreEntry *core, pid_t tid_real) must_check;

/* Where the thread goes on; rseq moves it out of a critical section. */
uint64_t cpu_ip(const CoreEntry *core);
void cpu_set_ip(CoreEntry *core, uint64_t ip);

/* The word that the kernel clears when the thread ends; kept with the registers by the image format. */
uint64_t cpu_tid_address(const CoreEntry *core);
