/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/cpuinfo.h: what CPU a tree was dumped on, and whether this one will do */
#include <stdbool.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "image/records.h"

/* What --cpu-cap asks for. */
struct cpu_cap {
	bool cpu, fpu, ins;		/* what must match */
	bool image;			/* cpuinfo.img is written, and checked at restore */
};
/* NULL: the option was not given. -EINVAL: reported. */
int cpu_cap_parse(const char *list, struct cpu_cap *ret) must_check;

/* The record of this CPU. */
CpuinfoEntry *cpuinfo_scan(struct arena *a);
/* Is this CPU good enough for what was dumped on that one? Each thing that is missing is an error line. */
int cpuinfo_check(const CpuinfoEntry *there, const CpuinfoEntry *here, const struct cpu_cap *cap) must_check;
