/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/proc.h: run calls and code in the stopped threads of a process */

/*
 * All functions return 0 or a negative errno and print nothing; compel_error() says in words what
 * went wrong. All calls for one process come from the OS thread that seized its threads. There are
 * no globals: several OS threads may work on several processes at once. The target's text is never
 * written.
 *
 * Common errors: -ESRCH the thread has died; -EOPNOTSUPP it runs 32-bit code; -EINVAL it is not in
 * a stop.
 */
#include <compel/blob.h>
#include <compel/thread.h>

struct compel_proc;

/* One entry into the loaded code. */
struct compel_call {
	pid_t tid;		/* a thread of the process, stopped by compel_wait_stopped */
	size_t arg;		/* offset in the data area of what pie_main(void *arg) gets */
	long ret;		/* out: what pie_main returned */
	int err;		/* out: 0, or a negative errno if the thread died on the way */
};

/*
 * Learn what is needed to work in process `pid`: its memory file and the place of a system call
 * instruction (vDSO by AT_SYSINFO_EHDR in /proc/PID/auxv; without one, any executable mapping). At
 * least one thread must be stopped by the caller. *ret_proc is given in case of an error too when
 * memory allowed it, so that compel_error() can be asked; free it with compel_close either way.
 * -ENOENT: there is no system call instruction in the whole process.
 */
must_check int compel_open(pid_t pid, struct compel_proc **ret_proc);

/* Free; NULL is fine. Unload first: what is still mapped stays mapped. */
void compel_close(struct compel_proc *p);

/*
 * The last error in words, naming object and cause; "" if there was none. Valid until the next
 * call.
 */
const char *compel_error(const struct compel_proc *p);

/*
 * Execute system call `nr` in stopped thread `tid`; *ret is its raw result (-errno for an error of
 * the call itself). Registers, signal mask, rseq state and syscall user dispatch are as before
 * afterwards, and the thread rests in the same kind of stop: the system call it may have been in
 * goes on when it is released. A blocking call is not interrupted by signals (all are blocked
 * meanwhile), only by death. Pointers in `args` are addresses in the target. When code is loaded,
 * its way back is used: then the caller may be killed at any moment, as in compel_run. Without, the
 * thread needs compel/record.h if the caller is killed within the 10 us that the call takes (as in
 * compel_load and compel_unload).
 */
must_check int compel_syscall(struct compel_proc *p, pid_t tid, long nr,
			      const unsigned long args[6], long *ret);

/*
 * Map `blob`, a zeroed data area of `data_len` bytes and room for `n_threads` threads (stack and
 * saved context each) into the process, by stopped thread `tid`. -EEXIST: something is loaded
 * already. Otherwise the errno of mmap(2) in the target (its RLIMIT_AS and vm.max_map_count hold).
 */
must_check int compel_load(struct compel_proc *p, pid_t tid, const struct compel_blob *blob,
			   size_t data_len, unsigned int n_threads);

/*
 * Enter the loaded code in `n` (at most compel_load's n_threads) different stopped threads at the
 * same time, and wait until all have come back to the stop they were in: registers, extended state,
 * signal mask as before, interrupted system calls still to be restarted. Each thread has a stack of
 * 16 KiB. All signals are blocked meanwhile, but for one that the target ignores. If the caller is
 * killed at any moment of it, each thread finishes pie_main and returns to what it was doing by
 * itself; only the mapping stays. 0 if all calls have err 0, else the first error.
 */
must_check int compel_run(struct compel_proc *p, struct compel_call *calls, unsigned int n);

/* Take the mapping out again, by stopped thread `tid`. Nothing loaded: 0. */
int compel_unload(struct compel_proc *p, pid_t tid);

/* The data area as the target sees it (page aligned); 0 when nothing is loaded. */
unsigned long compel_data_addr(const struct compel_proc *p);

/*
 * The whole mapping that compel_load made: leave it out when the target's mappings are read
 * meanwhile.
 */
void compel_mapping(const struct compel_proc *p, unsigned long *ret_start, size_t *ret_len);

/* Copy `len` bytes from or to offset `off` of the data area. -ERANGE: outside of it. */
must_check int compel_data_read(struct compel_proc *p, size_t off, void *ret_buf, size_t len);
must_check int compel_data_write(struct compel_proc *p, size_t off, const void *buf, size_t len);
