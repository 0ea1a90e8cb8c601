/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* guard.h: what a thread has beside registers that must not act on injected code */

#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct compel_proc;

/* linux/ptrace.h, since Linux 6.4 */
struct dispatch_config {
	uint64_t mode, selector, offset, len;
};

struct guard {
	struct dispatch_config dispatch;	/* syscall user dispatch; .mode 0: it is off */
	unsigned long rseq_word;		/* where rseq_cs is; 0: not in a section */
	uint64_t rseq_cs;			/* the critical section it is in */
	unsigned long abort_ip;			/* where the kernel would send it */
};

/* Read them of a stopped thread with registers `regs`, and switch off what acts on calls. */
int guard_read(struct compel_proc *p, pid_t tid, const struct user_regs_struct *regs,
	       struct guard *ret_guard);
int guard_off(pid_t tid, const struct guard *g);

/* Put them back: just before the thread's own registers are. */
int guard_end(struct compel_proc *p, pid_t tid, const struct guard *g);
