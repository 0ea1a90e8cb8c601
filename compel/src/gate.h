/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* gate.h: how a thread tells its tracer that it has finished */

#include <stdint.h>
#include "proc.h"

/* Fill p->ignored, unless it is known. */
int gate_prepare(struct compel_proc *p);

/* The signal for thread `tid` that blocks `mask`; 0: none is safe. */
int gate_signal(const struct compel_proc *p, pid_t tid, uint64_t mask);

/*
 * Whether a filter looks at the system calls of a stopped thread, because the caller may not
 * suspend it. What it must allow is rt_sigreturn, or no handler of the target could return.
 */
bool gate_is_filtered(const struct compel_proc *p, pid_t tid);

/* What a fault of the code raises: blocked, its forced delivery would reset the target's action. */
extern const uint64_t gate_faults;
