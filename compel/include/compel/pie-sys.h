/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/pie-sys.h: system calls by name, as section 2 of the manual has them; -errno for an error */

/* Structures are the kernel's own (linux/ headers), so they are passed as void pointers. */
#include <asm/unistd.h>
#include <compel/pie-syscall.h>

/* clang-format off: one call a line */

/* descriptors */
static inline long sys_read(int fd, void *buf, size_t n)
{ return pie_syscall6(__NR_read, fd, (long)buf, n, 0, 0, 0); }
static inline long sys_write(int fd, const void *buf, size_t n)
{ return pie_syscall6(__NR_write, fd, (long)buf, n, 0, 0, 0); }
static inline long sys_pread64(int fd, void *buf, size_t n, long off)
{ return pie_syscall6(__NR_pread64, fd, (long)buf, n, off, 0, 0); }
static inline long sys_pwrite64(int fd, const void *buf, size_t n, long off)
{ return pie_syscall6(__NR_pwrite64, fd, (long)buf, n, off, 0, 0); }
static inline long sys_readv(int fd, const void *iov, int n)
{ return pie_syscall6(__NR_readv, fd, (long)iov, n, 0, 0, 0); }
static inline long sys_writev(int fd, const void *iov, int n)
{ return pie_syscall6(__NR_writev, fd, (long)iov, n, 0, 0, 0); }
static inline long sys_preadv(int fd, const void *iov, int n, unsigned long off)
{ return pie_syscall6(__NR_preadv, fd, (long)iov, n, off, 0, 0); }
static inline long sys_openat(int dir, const char *path, int flags, int mode)
{ return pie_syscall6(__NR_openat, dir, (long)path, flags, mode, 0, 0); }
static inline long sys_close(int fd)
{ return pie_syscall6(__NR_close, fd, 0, 0, 0, 0, 0); }
static inline long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{ return pie_syscall6(__NR_close_range, first, last, flags, 0, 0, 0); }
static inline long sys_lseek(int fd, long off, int whence)
{ return pie_syscall6(__NR_lseek, fd, off, whence, 0, 0, 0); }
static inline long sys_dup(int fd)
{ return pie_syscall6(__NR_dup, fd, 0, 0, 0, 0, 0); }
static inline long sys_dup3(int from, int to, int flags)
{ return pie_syscall6(__NR_dup3, from, to, flags, 0, 0, 0); }
static inline long sys_fcntl(int fd, int cmd, unsigned long arg)
{ return pie_syscall6(__NR_fcntl, fd, cmd, arg, 0, 0, 0); }
static inline long sys_ioctl(int fd, unsigned long cmd, unsigned long arg)
{ return pie_syscall6(__NR_ioctl, fd, cmd, arg, 0, 0, 0); }
static inline long sys_fstat(int fd, void *ret_stat)
{ return pie_syscall6(__NR_fstat, fd, (long)ret_stat, 0, 0, 0, 0); }
static inline long sys_pipe2(int *ret_fds, int flags)
{ return pie_syscall6(__NR_pipe2, (long)ret_fds, flags, 0, 0, 0, 0); }
static inline long sys_ppoll(void *fds, unsigned int n, const void *timeout, const void *mask, size_t mask_size)
{ return pie_syscall6(__NR_ppoll, (long)fds, n, (long)timeout, (long)mask, mask_size, 0); }
static inline long sys_userfaultfd(int flags)
{ return pie_syscall6(__NR_userfaultfd, flags, 0, 0, 0, 0, 0); }
static inline long sys_timerfd_settime(int fd, int flags, const void *when, void *ret_old)
{ return pie_syscall6(__NR_timerfd_settime, fd, flags, (long)when, (long)ret_old, 0, 0); }

/* sockets */
static inline long sys_socket(int domain, int type, int protocol)
{ return pie_syscall6(__NR_socket, domain, type, protocol, 0, 0, 0); }
static inline long sys_connect(int fd, const void *addr, int len)
{ return pie_syscall6(__NR_connect, fd, (long)addr, len, 0, 0, 0); }
static inline long sys_sendto(int fd, const void *buf, size_t n, int flags, const void *addr, int len)
{ return pie_syscall6(__NR_sendto, fd, (long)buf, n, flags, (long)addr, len); }
static inline long sys_recvfrom(int fd, void *buf, size_t n, int flags, void *ret_addr, int *ret_len)
{ return pie_syscall6(__NR_recvfrom, fd, (long)buf, n, flags, (long)ret_addr, (long)ret_len); }
static inline long sys_sendmsg(int fd, const void *msg, int flags)
{ return pie_syscall6(__NR_sendmsg, fd, (long)msg, flags, 0, 0, 0); }
static inline long sys_recvmsg(int fd, void *msg, int flags)
{ return pie_syscall6(__NR_recvmsg, fd, (long)msg, flags, 0, 0, 0); }
static inline long sys_setsockopt(int fd, int level, int name, const void *val, int len)
{ return pie_syscall6(__NR_setsockopt, fd, level, name, (long)val, len, 0); }
static inline long sys_getsockopt(int fd, int level, int name, void *ret_val, int *len)
{ return pie_syscall6(__NR_getsockopt, fd, level, name, (long)ret_val, (long)len, 0); }

/* memory */
static inline long sys_mmap(unsigned long addr, size_t len, int prot, int flags, int fd, unsigned long off)
{ return pie_syscall6(__NR_mmap, addr, len, prot, flags, fd, off); }
static inline long sys_munmap(unsigned long addr, size_t len)
{ return pie_syscall6(__NR_munmap, addr, len, 0, 0, 0, 0); }
static inline long sys_mremap(unsigned long addr, size_t len, size_t new_len, int flags, unsigned long to)
{ return pie_syscall6(__NR_mremap, addr, len, new_len, flags, to, 0); }
static inline long sys_mprotect(unsigned long addr, size_t len, int prot)
{ return pie_syscall6(__NR_mprotect, addr, len, prot, 0, 0, 0); }
static inline long sys_pkey_mprotect(unsigned long addr, size_t len, int prot, int key)
{ return pie_syscall6(__NR_pkey_mprotect, addr, len, prot, key, 0, 0); }
static inline long sys_madvise(unsigned long addr, size_t len, int advice)
{ return pie_syscall6(__NR_madvise, addr, len, advice, 0, 0, 0); }
static inline long sys_mlock2(unsigned long addr, size_t len, int flags)
{ return pie_syscall6(__NR_mlock2, addr, len, flags, 0, 0, 0); }
static inline long sys_munlock(unsigned long addr, size_t len)
{ return pie_syscall6(__NR_munlock, addr, len, 0, 0, 0, 0); }
static inline long sys_mlockall(int flags)
{ return pie_syscall6(__NR_mlockall, flags, 0, 0, 0, 0, 0); }
static inline long sys_mbind(unsigned long addr, size_t len, int mode, const unsigned long *nodes, unsigned long max_node, unsigned int flags)
{ return pie_syscall6(__NR_mbind, addr, len, mode, (long)nodes, max_node, flags); }
static inline long sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max_node)
{ return pie_syscall6(__NR_set_mempolicy, mode, (long)nodes, max_node, 0, 0, 0); }
static inline long sys_brk(unsigned long addr)
{ return pie_syscall6(__NR_brk, addr, 0, 0, 0, 0, 0); }

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
static inline long sys_futex(void *word, int op, unsigned int val, const void *timeout, void *word2, unsigned int val3)
{ return pie_syscall6(__NR_futex, (long)word, op, val, (long)timeout, (long)word2, val3); }
static inline long sys_set_tid_address(int *word)
{ return pie_syscall6(__NR_set_tid_address, (long)word, 0, 0, 0, 0, 0); }
static inline long sys_set_robust_list(void *head, size_t len)
{ return pie_syscall6(__NR_set_robust_list, (long)head, len, 0, 0, 0, 0); }
static inline long sys_get_robust_list(int tid, void *ret_head, size_t *ret_len)
{ return pie_syscall6(__NR_get_robust_list, tid, (long)ret_head, (long)ret_len, 0, 0, 0); }
static inline long sys_rseq(void *area, unsigned int len, int flags, unsigned int sig)
{ return pie_syscall6(__NR_rseq, (long)area, len, flags, sig, 0, 0); }
static inline long sys_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
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

/* signals and timers; a signal set is 8 bytes */
static inline long sys_rt_sigaction(int sig, const void *act, void *ret_old, size_t set_size)
{ return pie_syscall6(__NR_rt_sigaction, sig, (long)act, (long)ret_old, set_size, 0, 0); }
static inline long sys_rt_sigprocmask(int how, const uint64_t *set, uint64_t *ret_old, size_t set_size)
{ return pie_syscall6(__NR_rt_sigprocmask, how, (long)set, (long)ret_old, set_size, 0, 0); }
static inline long sys_rt_sigpending(uint64_t *ret_set, size_t set_size)
{ return pie_syscall6(__NR_rt_sigpending, (long)ret_set, set_size, 0, 0, 0, 0); }
static inline long sys_rt_sigqueueinfo(int pid, int sig, const void *info)
{ return pie_syscall6(__NR_rt_sigqueueinfo, pid, sig, (long)info, 0, 0, 0); }
static inline long sys_rt_tgsigqueueinfo(int pid, int tid, int sig, const void *info)
{ return pie_syscall6(__NR_rt_tgsigqueueinfo, pid, tid, sig, (long)info, 0, 0); }
static inline long sys_sigaltstack(const void *stack, void *ret_old)
{ return pie_syscall6(__NR_sigaltstack, (long)stack, (long)ret_old, 0, 0, 0, 0); }
static inline long sys_setitimer(int which, const void *val, void *ret_old)
{ return pie_syscall6(__NR_setitimer, which, (long)val, (long)ret_old, 0, 0, 0); }
static inline long sys_getitimer(int which, void *ret_val)
{ return pie_syscall6(__NR_getitimer, which, (long)ret_val, 0, 0, 0, 0); }
static inline long sys_timer_create(int clock, const void *event, int *ret_id)
{ return pie_syscall6(__NR_timer_create, clock, (long)event, (long)ret_id, 0, 0, 0); }
static inline long sys_timer_settime(int id, int flags, const void *val, void *ret_old)
{ return pie_syscall6(__NR_timer_settime, id, flags, (long)val, (long)ret_old, 0, 0); }
static inline long sys_timer_gettime(int id, void *ret_val)
{ return pie_syscall6(__NR_timer_gettime, id, (long)ret_val, 0, 0, 0, 0); }
static inline long sys_timer_getoverrun(int id)
{ return pie_syscall6(__NR_timer_getoverrun, id, 0, 0, 0, 0, 0); }
static inline long sys_timer_delete(int id)
{ return pie_syscall6(__NR_timer_delete, id, 0, 0, 0, 0, 0); }
static inline long sys_clock_gettime(int clock, void *ret_ts)
{ return pie_syscall6(__NR_clock_gettime, clock, (long)ret_ts, 0, 0, 0, 0); }
static inline long sys_nanosleep(const void *ts, void *ret_left)
{ return pie_syscall6(__NR_nanosleep, (long)ts, (long)ret_left, 0, 0, 0, 0); }
static inline long sys_io_setup(unsigned int n, unsigned long *ctx)
{ return pie_syscall6(__NR_io_setup, n, (long)ctx, 0, 0, 0, 0); }
/* clang-format on */
