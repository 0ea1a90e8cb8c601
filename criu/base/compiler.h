/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/compiler.h: what every file may assume of the language */
#include <stddef.h>

#define must_check	__attribute__((warn_unused_result))
#define not_used	__attribute__((unused))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define no_return	__attribute__((noreturn))

#define array_size(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

#define min(a, b) ({ __typeof__(a) min_a = (a); __typeof__(b) min_b = (b); min_a < min_b ? min_a : min_b; })
#define max(a, b) ({ __typeof__(a) max_a = (a); __typeof__(b) max_b = (b); max_a > max_b ? max_a : max_b; })

#define align_down(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define align_up(x, a)	align_down((x) + (a) - 1, a)

/* Inside a loop that waits for another CPU: leaves the core's units to others, and the memory bus alone. */
static inline void spin_hint(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* x86-64 and every other architecture that this tool names so far uses 4 KiB; arch headers may replace it. */
#undef PAGE_SIZE			/* some libc headers have an opinion of their own */
#define PAGE_SIZE	4096UL
