/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/x86/cpu_pkeys.h: whether this CPU and kernel have protection keys */
#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>

/* CPUID leaf 7, ECX bit 4 (OSPKE): the kernel has switched them on. */
static inline bool cpu_has_pkeys(void)
{
	unsigned int a, b, c, d;

	if (__get_cpuid_max(0, NULL) < 7)
		return false;
	__cpuid_count(7, 0, a, b, c, d);
	return c >> 4 & 1;
}
