/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restartable sequences (rseq(2)): a thread registers an area in its memory, and names in it the critical section that
 * it is about to run. Preempted inside, it goes on at the section's abort handler. A dump is a preemption that the
 * kernel will not see, so the instruction pointer is moved here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "arch/cpu.h"
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "run/restore.h"
#include "task/kind.h"
#include "task/rseq.h"

#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
#endif
/* linux/ptrace.h, which cannot be included next to sys/ptrace.h. */
struct rseq_configuration {
	uint64_t area;
	uint32_t size, signature, flags, pad;
};

#define RSEQ_CS_OFF offsetof(struct rseq, rseq_cs)
/* A registration that libc makes for the tool's own threads. */
enum { GLIBC_SIGNATURE = 0x53053053, AREA_MAX = 4096, SIZE_STEP = 4, SIZE_FIRST = 20, SIZE_LIBC = 32 };
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

static int read_mem(pid_t pid, uint64_t addr, void *ret, size_t len)
{
	struct iovec here = { ret, len }, there = { (void *)addr, len };
	ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EFAULT;
}

enum rseq_place rseq_place_of(const struct rseq_cs *cs, uint64_t ip)
{
	if (ip - cs->start_ip >= cs->post_commit_offset)
		return RSEQ_OUTSIDE;
	return cs->flags & RSEQ_CS_FLAG_NO_RESTART_ON_SIGNAL ? RSEQ_KEEP : RSEQ_ABORT;
}

static int leave_section(struct thread *th, RseqEntry *rec)
{
	struct rseq_cs cs;
	uint64_t at;
	int err = read_mem(th->pid_real, rec->rseq_abi_pointer + RSEQ_CS_OFF, &at, sizeof(at));

	if (err)
		return fail_with(err, "read the rseq area at %#" PRIx64, rec->rseq_abi_pointer);
	if (!at)
		return 0;
	if (read_mem(th->pid_real, at, &cs, sizeof(cs))) {
		/* A stale pointer: the kernel will send SIGSEGV for it when the thread is preempted, here or there. */
		debug("the rseq critical section at %#" PRIx64 " is not mapped", at);
		return 0;
	}
	switch (rseq_place_of(&cs, cpu_ip(th->core))) {
	case RSEQ_OUTSIDE:
		break;
	case RSEQ_ABORT:
		debug("in an rseq critical section: goes on at %#" PRIx64, (uint64_t)cs.abort_ip);
		cpu_set_ip(th->core, cs.abort_ip);
		break;
	case RSEQ_KEEP:
		rec->has_rseq_cs_pointer = true;
		rec->rseq_cs_pointer = at;
		break;
	}
	return 0;
}

static int rseq_scan_thread(struct dump *d, struct thread *th)
{
	struct rseq_configuration conf;
	RseqEntry *rec;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, th->pid_real, sizeof(conf), &conf) < 0) {
		/* Before 5.13, or without CONFIG_RSEQ. */
		if (errno == EIO || errno == EINVAL)
			return 0;
		return fail_errno("PTRACE_GET_RSEQ_CONFIGURATION");
	}
	rec = th->core->thread_core->rseq_entry = arena_msg(&d->m.arena, RseqEntry, rseq_entry__init);
	rec->rseq_abi_pointer = conf.area;
	rec->rseq_abi_size = conf.size;
	rec->signature = conf.signature;
	if (conf.flags)
		refuse(&d->refusals, REFUSE_TASK_STATE, "rseq is registered with unknown flags %#x", conf.flags);
	return conf.area ? leave_section(th, rec) : 0;
}

static int rseq_check(const struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		const RseqEntry *rec = t->threads[i].core->thread_core->rseq_entry;

		if (rec && rec->rseq_abi_pointer && (rec->rseq_abi_size < SIZE_FIRST || rec->rseq_abi_size > AREA_MAX))
			return fail(EINVAL, "rseq area of %u bytes in thread %d", rec->rseq_abi_size,
				    t->threads[i].pid);
	}
	return 0;
}

/*
 * The memory of libc's area goes away before the restorer's thread ends, and the kernel writes to it at every
 * preemption. The size must be the registered one, which glibc tells only roughly: 2.35 registers 32 bytes and
 * says 32 or 20, later ones what AT_RSEQ_FEATURE_SIZE asks for.
 */
static int unregister_libc(void)
{
	char *area;

	if (!&__rseq_offset || !&__rseq_size || !__rseq_size)
		return 0;
	area = (char *)__builtin_thread_pointer() + __rseq_offset;
	if (!syscall(SYS_rseq, area, SIZE_LIBC, RSEQ_FLAG_UNREGISTER, GLIBC_SIGNATURE))
		return 0;
	for (unsigned int size = SIZE_FIRST; size <= AREA_MAX; size += SIZE_STEP)
		if (!syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, GLIBC_SIGNATURE))
			return 0;
	return fail_errno("unregister the rseq area of the C library");
}

static int rseq_make(struct restore *r not_used, const struct task *t not_used)
{
	return unregister_libc();
}

static int rseq_make_thread(struct restore *r, const struct thread *th)
{
	const RseqEntry *rec = th->core->thread_core->rseq_entry;
	struct rseq_arm row;

	if (!rec || !rec->rseq_abi_pointer)
		return 0;
	row = (struct rseq_arm){ rec->rseq_abi_pointer, rec->rseq_abi_size, rec->signature };
	late_add(r, LATE_rseq, th, &row, sizeof(row));
	return 0;
}

int rseq_resume(const struct thread *th, pid_t pid_real)
{
	const RseqEntry *rec = th->core->thread_core->rseq_entry;
	struct iovec here, there;

	if (!rec || !rec->rseq_abi_pointer || !rec->rseq_cs_pointer)
		return 0;
	here = (struct iovec){ (void *)&rec->rseq_cs_pointer, sizeof(rec->rseq_cs_pointer) };
	there = (struct iovec){ (void *)(rec->rseq_abi_pointer + RSEQ_CS_OFF), here.iov_len };
	if (process_vm_writev(pid_real, &here, 1, &there, 1, 0) != (ssize_t)here.iov_len)
		return fail_errno("name the rseq critical section of thread %d again", th->pid);
	return 0;
}

const struct task_kind rseq_kind = {
	.name = "rseq",
	.scan_thread = rseq_scan_thread,
	.check = rseq_check,
	.make = rseq_make,
	.make_thread = rseq_make_thread,
};
