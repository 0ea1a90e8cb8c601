/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/sys/tasks.h: system calls on tasks and credentials */

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>
#include <compel/pie-syscall.h>

/* clang-format off: one call a line */
/* tasks */
static inline long sys_getpid(void)
{ return pie_syscall6(__NR_getpid, 0, 0, 0, 0, 0, 0); }
static inline long sys_gettid(void)
{ return pie_syscall6(__NR_gettid, 0, 0, 0, 0, 0, 0); }
static inline long sys_getppid(void)
{ return pie_syscall6(__NR_getppid, 0, 0, 0, 0, 0, 0); }
static inline long sys_exit(int code)
{ return pie_syscall6(__NR_exit, code, 0, 0, 0, 0, 0); }
static inline long sys_exit_group(int code)
{ return pie_syscall6(__NR_exit_group, code, 0, 0, 0, 0, 0); }
static inline long sys_clone3(void *args, size_t size)
{ return pie_syscall6(__NR_clone3, (long)args, size, 0, 0, 0, 0); }
static inline long sys_wait4(int pid, int *ret_status, int flags, void *ret_rusage)
{ return pie_syscall6(__NR_wait4, pid, (long)ret_status, flags, (long)ret_rusage, 0, 0); }
static inline long sys_kill(int pid, int sig)
{ return pie_syscall6(__NR_kill, pid, sig, 0, 0, 0, 0); }
static inline long sys_tgkill(int pid, int tid, int sig)
{ return pie_syscall6(__NR_tgkill, pid, tid, sig, 0, 0, 0); }
static inline long sys_futex(void *word, int op, unsigned int val, const void *timeout,
			     void *word2, unsigned int val3)
{ return pie_syscall6(__NR_futex, (long)word, op, val, (long)timeout, (long)word2, val3); }
static inline long sys_set_tid_address(int *word)
{ return pie_syscall6(__NR_set_tid_address, (long)word, 0, 0, 0, 0, 0); }
static inline long sys_set_robust_list(void *head, size_t len)
{ return pie_syscall6(__NR_set_robust_list, (long)head, len, 0, 0, 0, 0); }
static inline long sys_get_robust_list(int tid, void *ret_head, size_t *ret_len)
{ return pie_syscall6(__NR_get_robust_list, tid, (long)ret_head, (long)ret_len, 0, 0, 0); }
static inline long sys_rseq(void *area, unsigned int len, int flags, unsigned int sig)
{ return pie_syscall6(__NR_rseq, (long)area, len, flags, sig, 0, 0); }
static inline long sys_prctl(int what, unsigned long a, unsigned long b,
			     unsigned long c, unsigned long d)
{ return pie_syscall6(__NR_prctl, what, a, b, c, d, 0); }
static inline long sys_setpgid(int pid, int pgid)
{ return pie_syscall6(__NR_setpgid, pid, pgid, 0, 0, 0, 0); }
static inline long sys_setsid(void)
{ return pie_syscall6(__NR_setsid, 0, 0, 0, 0, 0, 0); }
static inline long sys_umask(int mask)
{ return pie_syscall6(__NR_umask, mask, 0, 0, 0, 0, 0); }
static inline long sys_chdir(const char *path)
{ return pie_syscall6(__NR_chdir, (long)path, 0, 0, 0, 0, 0); }
static inline long sys_fchdir(int fd)
{ return pie_syscall6(__NR_fchdir, fd, 0, 0, 0, 0, 0); }
static inline long sys_chroot(const char *path)
{ return pie_syscall6(__NR_chroot, (long)path, 0, 0, 0, 0, 0); }
static inline long sys_unshare(int flags)
{ return pie_syscall6(__NR_unshare, flags, 0, 0, 0, 0, 0); }
static inline long sys_membarrier(int cmd, unsigned int flags, int cpu)
{ return pie_syscall6(__NR_membarrier, cmd, flags, cpu, 0, 0, 0); }
static inline long sys_personality(unsigned long persona)
{ return pie_syscall6(__NR_personality, persona, 0, 0, 0, 0, 0); }
static inline long sys_prlimit64(int pid, int resource, const void *limit, void *ret_limit)
{ return pie_syscall6(__NR_prlimit64, pid, resource, (long)limit, (long)ret_limit, 0, 0); }
static inline long sys_getrlimit(int resource, void *ret_limit)
{ return pie_syscall6(__NR_getrlimit, resource, (long)ret_limit, 0, 0, 0, 0); }
static inline long sys_setpriority(int which, int who, int nice)
{ return pie_syscall6(__NR_setpriority, which, who, nice, 0, 0, 0); }
static inline long sys_ioprio_set(int which, int who, int prio)
{ return pie_syscall6(__NR_ioprio_set, which, who, prio, 0, 0, 0); }
static inline long sys_sched_setscheduler(int tid, int policy, const void *param)
{ return pie_syscall6(__NR_sched_setscheduler, tid, policy, (long)param, 0, 0, 0); }
static inline long sys_sched_setaffinity(int tid, size_t len, const unsigned long *mask)
{ return pie_syscall6(__NR_sched_setaffinity, tid, len, (long)mask, 0, 0, 0); }
static inline long sys_sched_setattr(int tid, const void *attr, unsigned int flags)
{ return pie_syscall6(__NR_sched_setattr, tid, (long)attr, flags, 0, 0, 0); }
static inline long sys_seccomp(unsigned int op, unsigned int flags, const void *args)
{ return pie_syscall6(__NR_seccomp, op, flags, (long)args, 0, 0, 0); }

/* credentials */
static inline long sys_setresuid(unsigned int r, unsigned int e, unsigned int s)
{ return pie_syscall6(__NR_setresuid, r, e, s, 0, 0, 0); }
static inline long sys_setresgid(unsigned int r, unsigned int e, unsigned int s)
{ return pie_syscall6(__NR_setresgid, r, e, s, 0, 0, 0); }
static inline long sys_getresuid(unsigned int *ret_r, unsigned int *ret_e, unsigned int *ret_s)
{ return pie_syscall6(__NR_getresuid, (long)ret_r, (long)ret_e, (long)ret_s, 0, 0, 0); }
static inline long sys_getresgid(unsigned int *ret_r, unsigned int *ret_e, unsigned int *ret_s)
{ return pie_syscall6(__NR_getresgid, (long)ret_r, (long)ret_e, (long)ret_s, 0, 0, 0); }
static inline long sys_setfsuid(unsigned int id)
{ return pie_syscall6(__NR_setfsuid, id, 0, 0, 0, 0, 0); }
static inline long sys_setfsgid(unsigned int id)
{ return pie_syscall6(__NR_setfsgid, id, 0, 0, 0, 0, 0); }
static inline long sys_setgroups(size_t n, const unsigned int *ids)
{ return pie_syscall6(__NR_setgroups, n, (long)ids, 0, 0, 0, 0); }
static inline long sys_getgroups(size_t n, unsigned int *ret_ids)
{ return pie_syscall6(__NR_getgroups, n, (long)ret_ids, 0, 0, 0, 0); }
static inline long sys_capset(const void *header, const void *data)
{ return pie_syscall6(__NR_capset, (long)header, (long)data, 0, 0, 0, 0); }
static inline long sys_capget(void *header, void *ret_data)
{ return pie_syscall6(__NR_capget, (long)header, (long)ret_data, 0, 0, 0, 0); }
/* clang-format on */
