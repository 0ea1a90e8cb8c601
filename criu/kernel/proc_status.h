/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/proc_status.h: /proc/PID/task/TID/status */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/compiler.h"

/* One thread or process as each pid namespace sees it, from that of the /proc mount down to its own. */
struct proc_pids {
	pid_t level[33];		/* MAX_PID_NS_LEVEL and the initial one */
	uint32_t n;
};

/* The pid in the namespace that the task itself is in; 0 when it has none there (a leader outside of it). */
static inline pid_t proc_pids_own(const struct proc_pids *p)
{
	return p->n ? p->level[p->n - 1] : 0;
}

/* The pid in the namespace of that level (0: of the /proc mount); 0 when it is not visible there. */
static inline pid_t proc_pids_at(const struct proc_pids *p, uint32_t level)
{
	return level < p->n ? p->level[level] : 0;
}

/* What an older kernel does not print stays 0, and has_ says so where 0 means something. */
struct proc_status {
	char state;			/* R S D T t Z X ... */
	bool has_umask;			/* not for zombies and kernel threads */
	uint32_t umask;
	pid_t tgid, pid, ppid, tracer_pid;
	uint32_t uid[4], gid[4];	/* real, effective, saved, file system */
	uint32_t *groups;
	size_t n_groups;
	struct proc_pids ns_tgid, ns_pid, ns_pgid, ns_sid;
	uint32_t threads;
	bool is_kthread;
	bool is_dumping_core;
	bool has_thp_enabled, thp_enabled;
	uint64_t sig_pnd, shd_pnd, sig_blk, sig_ign, sig_cgt;	/* bit n-1 is signal n */
	uint64_t cap_inh, cap_prm, cap_eff, cap_bnd, cap_amb;
	bool no_new_privs;
	bool has_seccomp;
	uint32_t seccomp, seccomp_filters;
	const char *store_bypass;	/* Speculation_Store_Bypass, the kernel's words; NULL: not printed */
	const char *indirect_branch;	/* SpeculationIndirectBranch */
};

/* Groups and words live in the arena. Reports nothing; -EINVAL: not the text of such a file. tid_real 0: the process. */
int proc_status_read(pid_t pid_real, pid_t tid_real, struct arena *a, struct proc_status *ret) must_check;
/* Cuts text into pieces. */
int proc_status_parse(char *text, struct arena *a, struct proc_status *ret) must_check;
