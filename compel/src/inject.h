/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* inject.h: a system call with nothing of ours in the target's memory */

#include "proc.h"

/* compel_syscall() when nothing is loaded. */
int inject(struct compel_proc *p, pid_t tid, long nr, const unsigned long args[6], long *ret);

/* From any stop with the thread's own registers set: bring it to rest in get_signal(). */
int rest_in_signal_stop(pid_t tid);
