/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* inject.h: make a stopped thread execute system calls with nothing of ours in its memory */

#include "guard.h"

struct injection {
	struct compel_proc *p;
	pid_t tid;
	struct user_regs_struct regs;	/* as the thread had them */
	uint64_t mask;
	struct guard guard;
	bool is_entered;		/* registers are ours */
};

int inject_begin(struct compel_proc *p, pid_t tid, struct injection *j);
int inject_syscall(struct injection *j, long nr, const unsigned long args[6], long *ret);

/* Everything back, and the thread to rest in get_signal(); to be called after an error too. */
int inject_end(struct injection *j);

/* From any stop with the thread's own registers set: bring it to rest in get_signal(). */
int rest_in_signal_stop(pid_t tid);
