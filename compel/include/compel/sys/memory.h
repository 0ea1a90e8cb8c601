/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/sys/memory.h: system calls on memory */

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>
#include <compel/pie-syscall.h>

/* clang-format off: one call a line */
/* memory */
static inline long sys_mmap(unsigned long addr, size_t len, int prot, int flags, int fd,
			    unsigned long off)
{ return pie_syscall6(__NR_mmap, addr, len, prot, flags, fd, off); }
static inline long sys_munmap(unsigned long addr, size_t len)
{ return pie_syscall6(__NR_munmap, addr, len, 0, 0, 0, 0); }
static inline long sys_mremap(unsigned long addr, size_t len, size_t new_len, int flags,
			      unsigned long to)
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
static inline long sys_mbind(unsigned long addr, size_t len, int mode, const unsigned long *nodes,
			     unsigned long max_node, unsigned int flags)
{ return pie_syscall6(__NR_mbind, addr, len, mode, (long)nodes, max_node, flags); }
static inline long sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max_node)
{ return pie_syscall6(__NR_set_mempolicy, mode, (long)nodes, max_node, 0, 0, 0); }
static inline long sys_brk(unsigned long addr)
{ return pie_syscall6(__NR_brk, addr, 0, 0, 0, 0, 0); }
/* clang-format on */
