/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* kernel/proc_timers.h: /proc/PID/timers */
#include <stdint.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/compiler.h"
#include "base/vec.h"

struct proc_timer {
	int32_t id;
	int32_t signo;
	uint64_t value;			/* sigev_value */
	int32_t notify;			/* SIGEV_*, with SIGEV_THREAD_ID added as the kernel has it */
	pid_t pid_real;			/* the process, or with SIGEV_THREAD_ID the thread, that is told; 0: it is gone */
	int32_t clock;
};
struct proc_timers {
	VEC(struct proc_timer) list;
};

/* In ascending order of id. Reports nothing; -EINVAL: not the text of such a file. */
int proc_timers_read(pid_t pid_real, struct arena *a, struct proc_timers *ret) must_check;
int proc_timers_parse(char *text, struct arena *a, struct proc_timers *ret) must_check;
