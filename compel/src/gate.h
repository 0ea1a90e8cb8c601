/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* gate.h: how a thread tells its tracer that it has finished */

#include <stdint.h>
#include "proc.h"

struct gates {
	uint64_t usable;	/* signals that the process ignores, and whose sending has no other effect */
	bool has_seccomp;
};

int gates_read(struct compel_proc *p, struct gates *ret_gates);

/* The signal for a stopped thread that blocks `mask`; 0: none is safe. */
int gate_signal(const struct gates *g, pid_t tid, uint64_t mask);

/* What a fault of the code raises: blocked, its forced delivery would reset the target's action. */
extern const uint64_t gate_faults;
