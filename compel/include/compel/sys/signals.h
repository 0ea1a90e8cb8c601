/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/sys/signals.h: calls on signals (a set is 8 bytes) and timers */

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>
#include <compel/pie-syscall.h>

/* clang-format off: one call a line */
/* signals and timers; a signal set is 8 bytes */
static inline long sys_rt_sigaction(int sig, const void *act, void *ret_old, size_t set_size)
{ return pie_syscall6(__NR_rt_sigaction, sig, (long)act, (long)ret_old, set_size, 0, 0); }
static inline long sys_rt_sigprocmask(int how, const uint64_t *set, uint64_t *ret_old,
				     size_t set_size)
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
