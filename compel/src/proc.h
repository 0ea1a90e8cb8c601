/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* proc.h: the library's view of one process */

#include <compel/proc.h>
#include <stdint.h>
#include "arch.h"
#include "record.h"

/*
 * What of the process's signal actions the end of a run depends on; read once, before the first.
 * Out of date it does harm only if we are killed in a run after the target has begun to handle one
 * of them: it is handled once too often.
 */
struct ignored_signals {
	bool is_known;
	uint64_t usable;	/* ignored, and sending one has no other effect */
	bool has_seccomp;
};

struct compel_proc {
	pid_t pid;
	int mem;			/* /proc/PID/mem */
	unsigned long syscall_insn;	/* address of a system call instruction */
	unsigned long loop;		/* of a jump to itself; 0: none, or not looked for */
	struct record own, *record;	/* the caller's record, or `own` */

	unsigned long map;		/* what compel_load mapped; 0: nothing */
	size_t len_map;
	unsigned long data, slots;	/* parts of it, see load.c */
	size_t len_data;
	unsigned int n_slots;
	bool is_writable;		/* the data and the slots; since the first run */
	struct arch_gates gates;
	struct ignored_signals ignored;
	pid_t pinned_tid;		/* driven last, and from where; 0: none yet */
	int pinned_cpu;

	char error[256];
};

/* Remember what went wrong in words; returns `err`. */
__attribute__((format(printf, 3, 4)))
int proc_fail(struct compel_proc *p, int err, const char *fmt, ...);

/* All of it or an error; writes go through whatever the mapping's protection is. */
int proc_read(struct compel_proc *p, unsigned long addr, void *buf, size_t len);
int proc_write(struct compel_proc *p, pid_t tid, unsigned long addr, const void *buf, size_t len);
