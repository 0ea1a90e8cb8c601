/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/prctl.pie.h: small values that only prctl(2) knows */
#include <stdint.h>
#include <linux/prctl.h>

/* Younger than the headers that we build with. */
#ifndef PR_GET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#define PR_GET_IO_FLUSHER 58
#endif
#ifndef PR_GET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif
#ifndef PR_FUTEX_HASH
#define PR_FUTEX_HASH 78
#define PR_FUTEX_HASH_SET_SLOTS 1
#define PR_FUTEX_HASH_GET_SLOTS 2
#endif

enum prctl_thread_id {
#define PRCTL_TASK(field, ...)
#define PRCTL_THREAD(field, ...) PRCTL_THREAD_##field,
#include "task/prctl.def"
#undef PRCTL_TASK
#undef PRCTL_THREAD
	PRCTL_THREADS
};

enum prctl_task_id {
#define PRCTL_TASK(field, ...) PRCTL_TASK_##field,
#define PRCTL_THREAD(field, ...)
#include "task/prctl.def"
#undef PRCTL_TASK
#undef PRCTL_THREAD
	PRCTL_TASKS
};

enum prctl_how { PRCTL_RESULT, PRCTL_POINTER };
enum { PRCTL_NO_ARG = -1 };

/* How a value is asked for. */
struct prctl_get {
	int32_t option, arg, how;
};

/* Values, or errnos. */
struct prctl_inside {
	int64_t of[PRCTL_TASKS];
};
void prctl_scan_inside(struct prctl_inside *ret);

struct prctl_inside_thread {
	int64_t of[PRCTL_THREADS];
};
void prctl_scan_inside_thread(struct prctl_inside_thread *ret);

/* Nothing is set where the answer is `same` already: the kernel has a way of refusing what changes nothing. */
struct prctl_arm {
	struct prctl_get get;
	int32_t set;
	int64_t same;
	uint64_t args[2];
};
long prctl_arm(const struct prctl_arm *rows, unsigned int n);

struct prctl_task_arm {
	struct prctl_arm a;
};
long prctl_task_arm(const struct prctl_task_arm *rows, unsigned int n);
