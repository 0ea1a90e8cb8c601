/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/proc_stat.h: /proc/PID/task/TID/stat */
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

/* Names and order as in proc_pid_stat(5); what is obsolete or of no use to a snapshot is left out. */
struct proc_stat {
	pid_t pid;
	char comm[64];			/* as the kernel has it, any byte but NUL; kernel threads exceed 15 bytes */
	char state;
	pid_t ppid, pgrp, session;
	int32_t tty_nr;
	pid_t tpgid;
	uint32_t flags;			/* PF_* */
	uint64_t utime, stime;		/* clock ticks */
	int32_t priority, nice;
	uint32_t num_threads;
	uint64_t starttime;		/* clock ticks after boot: together with the pid a name for the thread */
	uint64_t vsize;
	uint64_t start_code, end_code, start_stack;
	int32_t exit_signal;		/* -1: a thread that is not the leader */
	int32_t processor;		/* the CPU it last ran on */
	uint32_t rt_priority, policy;
	uint64_t start_data, end_data, start_brk;
	uint64_t arg_start, arg_end, env_start, env_end;
	int32_t exit_code;		/* wait status; of a zombie */
};

enum {					/* bits of flags */
	PROC_PF_EXITING = 0x4,
	PROC_PF_IO_WORKER = 0x10,	/* io_uring's kernel-only threads, listed among those of the process */
	PROC_PF_KTHREAD = 0x200000,
};

/*
 * Fields that only a tracer may see (addresses, exit_code) are 0 for others. tid_real 0: the file of the process,
 * where times and flags are those of the leader. Reports nothing; -EINVAL: not the text of such a file.
 */
int proc_stat_read(pid_t pid_real, pid_t tid_real, struct proc_stat *ret) must_check;
int proc_stat_parse(const char *text, struct proc_stat *ret) must_check;
