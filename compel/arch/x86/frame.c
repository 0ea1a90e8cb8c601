/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entering loaded code on x86-64, and the signal frame by which a thread returns from it alone. */
#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/ucontext.h>
#include <compel/thread.h>
#include "arch.h"

#define EFLAGS_PLAIN 0x202

/* The first bytes of head.S. */
struct head {
	uint8_t jump[2], magic[2];
	uint32_t enter, call, gate, leave;
};

int arch_gates(const void *blob, size_t len, struct arch_gates *ret_gates)
{
	struct head h;

	if (len < sizeof(h))
		return -EINVAL;
	memcpy(&h, blob, sizeof(h));
	if (h.magic[0] != 0x43 || h.magic[1] != 0x42 || h.enter >= len || h.call >= len ||
	    h.gate >= len || h.leave >= len)
		return -EINVAL;
	ret_gates->enter = h.enter;
	ret_gates->call = h.call;
	ret_gates->signal = h.gate;
	ret_gates->leave = h.leave;
	return 0;
}

void arch_enter_regs(struct user_regs_struct *regs, const struct arch_entry *e)
{
	regs->rip = e->code;
	regs->r15 = e->stack_top;
	regs->rdi = e->arg;
	regs->rbx = e->frame;
	regs->r12 = e->gate_sig;
	regs->r13 = e->to_unlock;
	regs->r14 = e->len_to_unlock;
	regs->rax = 0;
	regs->orig_rax = -1;
	regs->eflags = EFLAGS_PLAIN;
}

void arch_call_regs(struct user_regs_struct *regs, const struct arch_entry *e, long nr,
		    const unsigned long args[6])
{
	arch_syscall_regs(regs, e->code, nr, args);
	regs->rbx = e->frame;
	regs->r12 = e->gate_sig;
	regs->r14 = 0;
}

long arch_gate_result(const struct user_regs_struct *regs, bool *ret_was_called)
{
	*ret_was_called = !regs->r14;
	return regs->rbp;
}

pid_t arch_gate_pid(const struct user_regs_struct *regs)
{
	return regs->r13;
}

bool arch_in_syscall(const struct user_regs_struct *regs)
{
	return (long)regs->orig_rax >= 0;
}

unsigned long arch_ip(const struct user_regs_struct *regs)
{
	return regs->rip;
}

void arch_cancel_leave(struct user_regs_struct *regs, const struct user_regs_struct *own,
		       unsigned long abort_ip)
{
	*regs = *own;
	compel_regs_restart(regs);	/* right, should nobody be there to set `own` later */
	regs->orig_rax = -1;		/* the number of the call about to be made: none */
	if (abort_ip)
		regs->rip = abort_ip;
}

/*
 * arch/x86/include/uapi/asm/sigcontext.h and ucontext.h, which cannot be included beside the C
 * library's.
 */
#define FP_XSTATE_MAGIC1	0x46505853U
#define FP_XSTATE_MAGIC2	0x46505845U
#define UC_FP_XSTATE		0x1
#define UC_SIGCONTEXT_SS	0x2
#define UC_STRICT_RESTORE_SS	0x4
#define AT_SW_BYTES		464	/* for software; NT_X86_XSTATE shows XCR0 there */
#define AT_XSTATE_BV		512
#define LEN_LEGACY		576	/* legacy area and header */
#define FEATURE_AMX_TILES	18	/* a task must ask for it; not in others' frames */

struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t xstate_size, padding[7];
};

struct frame {
	unsigned long restorer;
	struct {
		unsigned long flags, link;
		stack_t stack;
		greg_t gregs[NGREG];
		unsigned long fpregs, reserved[8];
		uint64_t mask;
	} uc;
	char siginfo[128];
};

#define AT_XSTATE 1024	/* behind it, aligned as XRSTOR wants it */
_Static_assert(sizeof(struct frame) < AT_XSTATE, "the frame overlaps the extended state");

/*
 * Length of the standard-format area that holds `features`, out of an area of `len` with all that
 * the CPU has. CPUID is asked only where it must be: in a virtual machine each question costs 10
 * us.
 */
static size_t xstate_size(uint64_t features, uint64_t all, size_t len)
{
	size_t size = LEN_LEGACY;

	if (features == all)
		return len;
	for (unsigned int i = 2; i < 63; i++) {
		unsigned int len_part, at, c, d;

		if (!(features & (1ULL << i)))
			continue;
		__cpuid_count(0xd, i, len_part, at, c, d);
		if (at + len_part > size)
			size = at + len_part;
	}
	return size;
}

/*
 * The kernel's check_xstate_in_sigframe() wants these, or it restores the legacy part only. Returns
 * the length.
 */
static size_t frame_xstate(char *to, const void *xsave, size_t len)
{
	struct sw_bytes sw = { .magic1 = FP_XSTATE_MAGIC1 };
	uint32_t magic2 = FP_XSTATE_MAGIC2;
	uint64_t in_use, all;

	memcpy(to, xsave, len);
	if (len < LEN_LEGACY)
		return len;	/* no XSAVE in this CPU */
	memcpy(&all, to + AT_SW_BYTES, sizeof(all));
	memcpy(&in_use, to + AT_XSTATE_BV, sizeof(in_use));
	sw.features = all;
	if (!(in_use & (1ULL << FEATURE_AMX_TILES)))
		sw.features &= ~(1ULL << FEATURE_AMX_TILES);
	sw.xstate_size = xstate_size(sw.features, all, len);
	sw.extended_size = sw.xstate_size + sizeof(magic2);
	memset(to + AT_SW_BYTES, 0, 512 - AT_SW_BYTES);
	memcpy(to + AT_SW_BYTES, &sw, sizeof(sw));
	memcpy(to + sw.xstate_size, &magic2, sizeof(magic2));
	return sw.extended_size;
}

static void frame_gregs(greg_t *g, const struct user_regs_struct *r)
{
	g[REG_R8] = r->r8;
	g[REG_R9] = r->r9;
	g[REG_R10] = r->r10;
	g[REG_R11] = r->r11;
	g[REG_R12] = r->r12;
	g[REG_R13] = r->r13;
	g[REG_R14] = r->r14;
	g[REG_R15] = r->r15;
	g[REG_RDI] = r->rdi;
	g[REG_RSI] = r->rsi;
	g[REG_RBP] = r->rbp;
	g[REG_RBX] = r->rbx;
	g[REG_RDX] = r->rdx;
	g[REG_RAX] = r->rax;
	g[REG_RCX] = r->rcx;
	g[REG_RSP] = r->rsp;
	g[REG_RIP] = r->rip;
	g[REG_EFL] = r->eflags;
	g[REG_CSGSFS] = (r->cs & 0xffff) | (r->ss & 0xffff) << 48;
}

size_t arch_frame(void *buf, unsigned long addr, const struct user_regs_struct *regs, uint64_t mask,
		  unsigned long abort_ip, const void *xsave, size_t len_xsave)
{
	struct user_regs_struct own = *regs;
	struct frame *f = buf;

	compel_regs_restart(&own);	/* no kernel code restarts a call after rt_sigreturn */
	if (abort_ip)
		own.rip = abort_ip;
	memset(buf, 0, AT_XSTATE);
	f->uc.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	/*
	 * Refused by sigaltstack() without an effect, and rt_sigreturn does not mind: the thread
	 * keeps the stack it has.
	 */
	f->uc.stack.ss_flags = 0x7;
	f->uc.mask = mask;
	f->uc.fpregs = addr + AT_XSTATE;
	frame_gregs(f->uc.gregs, &own);
	return AT_XSTATE + frame_xstate((char *)buf + AT_XSTATE, xsave, len_xsave);
}
