/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Syscall user dispatch and restartable sequences around injected code. */
#include "guard.h"
#include <errno.h>
#include <linux/rseq.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include "proc.h"

/* Newer than the headers of the systems we are built on. */
#define GET_RSEQ_CONFIGURATION		 0x420f
#define SET_SYSCALL_USER_DISPATCH_CONFIG 0x4210
#define GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211

struct rseq_config {
	uint64_t area;
	uint32_t size, signature, flags, pad;
};

/*
 * A thread stopped inside a critical section must be aborted when it goes on, which the kernel does
 * by itself: it compares ip and rseq_cs on the way to user mode. But it also clears rseq_cs when it
 * sees an ip outside, as that of injected code is. So the pointer is kept, and put back together
 * with the registers.
 */
static int rseq_read(struct compel_proc *p, pid_t tid, unsigned long ip, struct guard *g)
{
	struct rseq_config config;
	struct rseq_cs cs;
	unsigned long word;
	uint64_t ptr;

	if (ptrace(GET_RSEQ_CONFIGURATION, tid, sizeof(config), &config) < 0)
		return errno == ESRCH
			       ? -ESRCH
			       : 0; /* before 5.13, or without CONFIG_RSEQ: not to be known */
	if (!config.area)
		return 0;
	word = config.area + offsetof(struct rseq, rseq_cs);
	if (proc_read(p, word, &ptr, sizeof(ptr)) || !ptr || proc_read(p, ptr, &cs, sizeof(cs)))
		return 0;
	if (ip - cs.start_ip >= cs.post_commit_offset)
		return 0;
	g->rseq_word = word;
	g->rseq_cs = ptr;
	g->abort_ip = cs.abort_ip;
	return 0;
}

int guard_read(struct compel_proc *p, pid_t tid, const struct user_regs_struct *regs,
	       struct guard *ret_guard)
{
	struct guard *g = ret_guard;

	*g = (struct guard){ 0 };
	/* Inside a system call there is no critical section. */
	if (!arch_in_syscall(regs)) {
		int err = rseq_read(p, tid, arch_ip(regs), g);

		if (err)
			return err;
	}
	if (ptrace(GET_SYSCALL_USER_DISPATCH_CONFIG, tid, sizeof(g->dispatch), &g->dispatch) < 0) {
		g->dispatch.mode = 0; /* before 6.4 */
		return errno == ESRCH ? -ESRCH : 0;
	}
	return 0;
}

int guard_off(pid_t tid, const struct guard *g)
{
	struct dispatch_config off = { 0 };

	if (!g->dispatch.mode)
		return 0;
	return ptrace(SET_SYSCALL_USER_DISPATCH_CONFIG, tid, sizeof(off), &off) < 0 ? -errno : 0;
}

int guard_end(struct compel_proc *p, pid_t tid, const struct guard *g)
{
	int err = 0;

	if (g->rseq_word)
		err = proc_write(p, tid, g->rseq_word, &g->rseq_cs, sizeof(g->rseq_cs));
	if (g->dispatch.mode &&
	    ptrace(SET_SYSCALL_USER_DISPATCH_CONFIG, tid, sizeof(g->dispatch), &g->dispatch) < 0)
		err = -errno;
	return err;
}
