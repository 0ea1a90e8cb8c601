/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/sys/files.h: system calls on descriptors and sockets */

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>
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
static inline long sys_ppoll(void *fds, unsigned int n, const void *timeout,
			     const void *mask, size_t mask_size)
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
static inline long sys_sendto(int fd, const void *buf, size_t n, int flags,
			      const void *addr, int len)
{ return pie_syscall6(__NR_sendto, fd, (long)buf, n, flags, (long)addr, len); }
static inline long sys_recvfrom(int fd, void *buf, size_t n, int flags,
				void *ret_addr, int *ret_len)
{ return pie_syscall6(__NR_recvfrom, fd, (long)buf, n, flags, (long)ret_addr, (long)ret_len); }
static inline long sys_sendmsg(int fd, const void *msg, int flags)
{ return pie_syscall6(__NR_sendmsg, fd, (long)msg, flags, 0, 0, 0); }
static inline long sys_recvmsg(int fd, void *msg, int flags)
{ return pie_syscall6(__NR_recvmsg, fd, (long)msg, flags, 0, 0, 0); }
static inline long sys_setsockopt(int fd, int level, int name, const void *val, int len)
{ return pie_syscall6(__NR_setsockopt, fd, level, name, (long)val, len, 0); }
static inline long sys_getsockopt(int fd, int level, int name, void *ret_val, int *len)
{ return pie_syscall6(__NR_getsockopt, fd, level, name, (long)ret_val, (long)len, 0); }
/* clang-format on */
