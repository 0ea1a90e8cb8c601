/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* record.h: what of a process is changed at this moment, see compel/record.h */

#include <compel/record.h>
#include <stdatomic.h>
#include <stdint.h>
#include "arch.h"
#include "guard.h"

/*
 * Written by the tracer, read by another process when the tracer is dead. The two words at the top
 * say what of the rest means something: they are set after it and cleared before it changes.
 */
struct record {
	_Atomic int is_injecting;	/* `tid` may have other registers, mask, guarded state than these */
	_Atomic unsigned long map;	/* ours, `len_map` long */

	pid_t pid, tid;
	unsigned long insn, loop;	/* of the call; where it returns to, 0: behind the instruction */
	long nr;
	struct user_regs_struct regs;
	uint64_t mask;
	struct guard guard;
	size_t len_map;			/* 0: nothing of ours is mapped, nor about to be */
};

_Static_assert(sizeof(struct record) <= COMPEL_RECORD_SIZE, "COMPEL_RECORD_SIZE is too small");

/* The call of the record has returned `ret`: what does it mean for the mapping? */
void record_result(struct record *r, long ret);
