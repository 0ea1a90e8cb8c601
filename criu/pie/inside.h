/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* pie/inside.h: the answers of the parasite */
#include <stdint.h>
#include "pie/kinds.h"

/* One for the process, asked in the leader. */
struct inside_task {
#define INSIDE_TASK(stem) struct stem##_inside stem;
#define INSIDE_THREAD(stem)
#include "pie/inside.def"
#undef INSIDE_TASK
#undef INSIDE_THREAD
	uint32_t end_marker;		/* a struct has at least one member */
};

struct inside_thread {
	uint32_t end_marker;
#define INSIDE_TASK(stem)
#define INSIDE_THREAD(stem) struct stem##_inside_thread stem;
#include "pie/inside.def"
#undef INSIDE_TASK
#undef INSIDE_THREAD
};

/* The parasite's data area: one inside_task, then an inside_thread for every thread. */
struct parasite_arg {
	uint64_t task;			/* address of the inside_task, 0 for threads that are not asked for it */
	uint64_t thread;		/* address of this thread's inside_thread */
};
