/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* pin.h: trace from the tracee's CPU: a stop costs 2 us there, 30 across */

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct compel_proc;

struct pin {
	cpu_set_t before;
	bool is_pinned;
};

/*
 * Move the calling OS thread to the CPU that `tid` last ran on. Only speed depends on it, so it
 * cannot fail.
 */
void pin_to(struct compel_proc *p, pid_t tid, struct pin *ret_pin);
void unpin(const struct pin *pin);
