/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/pie.h: what a .pie.c file may use, beside linux/ headers */

/*
 * Such code is linked into one flat blob that runs at any address: no libc, no writable statics, no
 * tables of pointers (the link fails on either). It must not touch FPU or vector registers, which
 * PIE_CFLAGS sees to. The entry calls pie_main() on a 16 KiB stack with all signals blocked. System
 * calls return -errno; there is no errno.
 */
#pragma GCC visibility push(hidden)	/* or references to other files would want relocations */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <compel/pie-syscall.h>

/*
 * The blob's function: `arg` points into the data area of compel_load. The result is
 * compel_call.ret.
 */
long pie_main(void *arg);

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#include <compel/pie-sys.h>	/* sys_read() and its like */
