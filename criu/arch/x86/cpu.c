/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread's registers on x86-64: general, extended (xsave), segment descriptors; CPU switches of the process. */
#include <asm/ldt.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include "arch/cpu.h"
#include "arch/cpuinfo.h"
#include "arch/x86/xstate.h"
#include "base/log.h"
#include "model/model.h"
#include "options.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"

enum { TLS_FIRST = 12, TLS_COUNT = 3 };		/* GDT_ENTRY_TLS_MIN: numbers of the slots in the GDT */
enum { USER_CS = 0x33, USER_SS = 0x2b };
enum { REGSET_IOPERM = 0x201, REGSET_SHSTK = 0x204 };
enum { AMX_TILE_DATA = 18 };			/* the one component that a process must ask for */
enum { XSTATE_MAX_BYTES = 16 * 1024 };		/* 11008 with AMX */

/* The same registers under both names. */
#define REGS(X)                                                                                    \
	X(r15, r15) X(r14, r14) X(r13, r13) X(r12, r12) X(bp, rbp) X(bx, rbx) X(r11, r11)          \
	X(r10, r10) X(r9, r9) X(r8, r8) X(ax, rax) X(cx, rcx) X(dx, rdx) X(si, rsi) X(di, rdi)     \
	X(orig_ax, orig_rax) X(ip, rip) X(cs, cs) X(flags, eflags) X(sp, rsp) X(ss, ss)            \
	X(fs_base, fs_base) X(gs_base, gs_base) X(ds, ds) X(es, es) X(fs, fs) X(gs, gs)

static void regs_to_record(const struct user_regs_struct *regs, UserX86RegsEntry *ret)
{
#define TO_RECORD(rec, reg) ret->rec = regs->reg;
	REGS(TO_RECORD)
#undef TO_RECORD
	ret->has_mode = true;
	ret->mode = USER_X86_REGS_MODE__NATIVE;
}

int cpu_regs_of(const CoreEntry *core, struct user_regs_struct *ret_regs)
{
	const UserX86RegsEntry *rec = core->thread_info->gpregs;

#define FROM_RECORD(rec_name, reg) ret_regs->reg = rec->rec_name;
	REGS(FROM_RECORD)
#undef FROM_RECORD
	/* What had to be restarted has been fixed at dump: the kernel must not look for a system call again. */
	ret_regs->orig_rax = -1;
	return 0;
}

int cpu_xsave_of(const CoreEntry *core, void *ret_buf, size_t size, size_t *ret_len)
{
	return xstate_from_record(xstate_layout_here(), core->thread_info->fpregs, ret_buf, size, ret_len);
}

int cpu_set_traced(const CoreEntry *core, pid_t tid_real)
{
	const ThreadInfoX86 *ti = core->thread_info;

	for (size_t i = 0; i < ti->n_tls; i++) {
		const UserDescT *rec = ti->tls[i];
		struct user_desc desc = {
			.entry_number = rec->entry_number, .base_addr = rec->base_addr, .limit = rec->limit,
			.seg_32bit = rec->seg_32bit, .contents = rec->contents_h << 1 | rec->contents_l,
			.read_exec_only = rec->read_exec_only, .limit_in_pages = rec->limit_in_pages,
			.seg_not_present = rec->seg_not_present, .useable = rec->usable,
		};

		/* set_thread_area(2) is there for 32-bit code only. */
		if (!rec->seg_not_present &&
		    ptrace(PTRACE_SET_THREAD_AREA, tid_real, (unsigned long)rec->entry_number, &desc) < 0)
			return fail_errno("set segment descriptor %u", rec->entry_number);
	}
	return 0;
}

uint64_t cpu_below_stack(const struct user_regs_struct *regs, size_t len)
{
	enum { RED_ZONE = 128 };	/* System V ABI, AMD64 supplement, 3.2.2 */

	return (regs->rsp - RED_ZONE - len) & ~15ULL;
}

uint64_t cpu_ip(const CoreEntry *core)
{
	return core->thread_info->gpregs->ip;
}

void cpu_set_ip(CoreEntry *core, uint64_t ip)
{
	core->thread_info->gpregs->ip = ip;
}

uint64_t cpu_tid_address(const CoreEntry *core)
{
	return core->thread_info->clear_tid_addr;
}

/* --- dump ---------------------------------------------------------------------------------------------- */

static int scan_xstate(struct dump *d, const struct thread *th, UserX86FpregsEntry *ret)
{
	uint8_t area[XSTATE_MAX_BYTES] = { 0 };
	size_t len;
	int err = compel_xsave_get(th->pid_real, area, sizeof(area), &len);

	if (err)
		return fail_with(err, "read the extended registers (NT_X86_XSTATE)");
	/* What the kernel leaves out at the end is in its initial state, and zero. */
	err = xstate_to_record(&d->m.arena, xstate_layout_here(), area, sizeof(area), d->opt->plain_images, ret);
	if (err)
		return fail_with(err, "extended registers take %u bytes on this CPU, which is more than is known",
				 xstate_layout_here()->size);
	if (d->opt->plain_images && xstate_without_contents(ret))
		warn("contents of %s registers are left out of plain images",
		     xstate_name(__builtin_ctzll(xstate_without_contents(ret))));
	return 0;
}

static int scan_tls(struct dump *d, const struct thread *th, ThreadInfoX86 *ret)
{
	ret->tls = arena_array(&d->m.arena, UserDescT *, TLS_COUNT);
	for (ret->n_tls = 0; ret->n_tls < TLS_COUNT; ret->n_tls++) {
		UserDescT *rec = arena_msg(&d->m.arena, UserDescT, user_desc_t__init);
		unsigned long number = TLS_FIRST + ret->n_tls;
		struct user_desc desc;

		if (ptrace(PTRACE_GET_THREAD_AREA, th->pid_real, number, &desc) < 0)
			return fail_errno("read segment descriptor %lu", number);
		rec->entry_number = number;
		rec->base_addr = desc.base_addr;
		rec->limit = desc.limit;
		rec->seg_32bit = desc.seg_32bit;
		rec->contents_h = desc.contents >> 1;
		rec->contents_l = desc.contents & 1;
		rec->read_exec_only = desc.read_exec_only;
		rec->limit_in_pages = desc.limit_in_pages;
		rec->seg_not_present = desc.seg_not_present;
		rec->usable = desc.useable;
		ret->tls[ret->n_tls] = rec;
	}
	return 0;
}

/* Size of a register set that most threads do not have; 0: not here. */
static size_t regset_size(pid_t tid, unsigned long set)
{
	uint8_t buf[8192];
	struct iovec io = { buf, sizeof(buf) };

	return ptrace(PTRACE_GETREGSET, tid, set, &io) < 0 ? 0 : io.iov_len;
}

static void refuse_regsets(struct dump *d, const struct thread *th)
{
	if (regset_size(th->pid_real, REGSET_SHSTK))
		refuse(&d->refusals, REFUSE_TASK_STATE, "the thread has a shadow stack");
	if (regset_size(th->pid_real, REGSET_IOPERM))
		refuse(&d->refusals, REFUSE_TASK_STATE, "the thread has access to I/O ports (ioperm)");
}

static void scan_inside(const struct dump *d, const struct thread *th, ThreadInfoX86 *ret)
{
	const struct cpu_inside *task = &th->task->dump->inside->cpu;

	if (th->dump->inside->cpu.cpuid == 0)
		ret->has_cpuid_faults = ret->cpuid_faults = true;
	if (th == leader(th->task)) {
		ret->has_xcomp_perm = !task->xcomp_err && task->xcomp_perm & 1ULL << AMX_TILE_DATA;
		ret->xcomp_perm = task->xcomp_perm;
		ret->has_untag_mask = !task->untag_err && task->untag_mask != UINT64_MAX;
		ret->untag_mask = task->untag_mask;
	}
	if (!d->opt->plain_images)
		return;
	if (ret->has_cpuid_faults || ret->has_xcomp_perm || ret->has_untag_mask)
		warn("faulting CPUID, AMX permission and address tags are left out of plain images");
	ret->has_cpuid_faults = ret->has_xcomp_perm = ret->has_untag_mask = false;
}

static int cpu_scan_thread(struct dump *d, struct thread *th)
{
	struct arena *a = &d->m.arena;
	ThreadInfoX86 *ti = arena_msg(a, ThreadInfoX86, thread_info_x86__init);
	int err;

	th->core->mtype = CORE_ENTRY__MARCH__X86_64;
	th->core->thread_info = ti;
	ti->gpregs = arena_msg(a, UserX86RegsEntry, user_x86_regs_entry__init);
	ti->fpregs = arena_msg(a, UserX86FpregsEntry, user_x86_fpregs_entry__init);
	regs_to_record(&th->dump->regs, ti->gpregs);
	err = scan_xstate(d, th, ti->fpregs);
	if (!err)
		err = scan_tls(d, th, ti);
	if (err)
		return err;
	if (th->dump->inside->tidaddr.err)
		return fail_with(th->dump->inside->tidaddr.err, "ask for the clear-tid address");
	ti->clear_tid_addr = th->dump->inside->tidaddr.addr;
	scan_inside(d, th, ti);
	refuse_regsets(d, th);
	return 0;
}

static void cpu_refuse(struct dump *d, const struct task *t)
{
	if (t->dump->inside->cpu.ldt_bytes > 0)
		refuse(&d->refusals, REFUSE_TASK_STATE, "the process has a local descriptor table (modify_ldt)");
}

/* --- restore ------------------------------------------------------------------------------------------- */

static int check_thread(const struct thread *th)
{
	const ThreadInfoX86 *ti = th->core->thread_info;

	if (th->core->mtype != CORE_ENTRY__MARCH__X86_64 || !ti)
		return fail(EINVAL, "core image of machine %d without x86 registers: dumped on another architecture",
			    th->core->mtype);
	if (ti->gpregs->mode == USER_X86_REGS_MODE__COMPAT)
		return fail(EOPNOTSUPP, "32-bit tasks are not supported yet");
	if (ti->gpregs->cs != USER_CS || ti->gpregs->ss != USER_SS)
		return fail(EINVAL, "segments %#" PRIx64 ":%#" PRIx64 " are not those of a 64-bit task",
			    ti->gpregs->cs, ti->gpregs->ss);
	for (size_t i = 0; i < ti->n_tls; i++)
		if (ti->tls[i]->entry_number - TLS_FIRST >= TLS_COUNT)
			return fail(EINVAL, "segment descriptor %u is none of 12..14", ti->tls[i]->entry_number);
	return xstate_check(ti->fpregs);
}

static int cpu_check(const struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		IN_SCOPE("thread", t->threads[i].pid);
		int err = check_thread(&t->threads[i]);

		if (err)
			return err;
	}
	return 0;
}

/* Does this CPU have what the thread was using? */
static int fits_here(const struct restore *r, const struct thread *th)
{
	uint64_t missing = xstate_missing(xstate_layout_here(), th->core->thread_info->fpregs);
	uint64_t empty = xstate_without_contents(th->core->thread_info->fpregs);
	struct cpu_cap cap;
	int err = cpu_cap_parse(r->opt->cpu_cap, &cap);

	if (err)
		return err;
	if (missing && cap.fpu)
		return fail(ENODEV, "the thread was using %s, which this CPU or kernel lacks; restore on one that has "
			    "it, or with --cpu-cap=none if you know that it is not needed",
			    xstate_name(__builtin_ctzll(missing)));
	if (missing)
		warn("the contents of %s registers are dropped: not on this CPU",
		     xstate_name(__builtin_ctzll(missing)));
	if (empty)
		warn("the image has no contents of %s registers: they start from zero",
		     xstate_name(__builtin_ctzll(empty)));
	return 0;
}

static int cpu_make_thread(struct restore *r, const struct thread *th)
{
	int err = fits_here(r, th);

	if (th->core->thread_info->cpuid_faults) {
		struct cpu_thread_arm row = { CPU_SET_CPUID, 0 };

		late_add(r, LATE_cpu_thread, th, &row, sizeof(row));
	}
	return err;
}

/* CPUID goes to the hypervisor of a virtual machine: 100 us for the layout, which each task would ask for again. */
static int cpu_note(struct restore *r not_used)
{
	xstate_layout_here();
	return 0;
}

static int cpu_make(struct restore *r, const struct task *t)
{
	const ThreadInfoX86 *ti = leader(t)->core->thread_info;

	if (ti->has_xcomp_perm) {
		struct cpu_mm_arm row = { CPU_REQ_XCOMP_PERM, AMX_TILE_DATA };

		late_add(r, LATE_cpu_mm, leader(t), &row, sizeof(row));
	}
	if (ti->has_untag_mask) {
		struct cpu_mm_arm row = { CPU_ENABLE_TAGGED_ADDR, __builtin_popcountll(~ti->untag_mask) };

		late_add(r, LATE_cpu_mm, leader(t), &row, sizeof(row));
	}
	return 0;
}

const struct task_kind cpu_kind = {
	.name = "cpu",
	.scan_thread = cpu_scan_thread,
	.refuse = cpu_refuse,
	.check = cpu_check,
	.note = cpu_note,
	.make = cpu_make,
	.make_thread = cpu_make_thread,
};
