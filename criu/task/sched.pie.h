/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/sched.pie.h: scheduling of a thread */
#include <stdint.h>

/* Laid out as struct sched_attr of linux/sched/types.h, which clashes with libc's sched.h. */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

struct sched_arm {
	struct sched_attributes attr;
};
long sched_arm(const struct sched_arm *rows, unsigned int n);

struct sched_ioprio_arm {
	uint64_t ioprio;
};
long sched_ioprio_arm(const struct sched_ioprio_arm *rows, unsigned int n);

/* All rows of a thread together are one mask. */
struct sched_affinity_arm {
	uint64_t word;
};
long sched_affinity_arm(const struct sched_affinity_arm *rows, unsigned int n);
