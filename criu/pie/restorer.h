/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* pie/restorer.h: what the restorer is given: one relocatable arena */
#include <stdint.h>
#include "pie/late.h"

enum { RESTORER_STACK = 32 * 1024 };

enum { RESTORER_PIDS = 33 };		/* levels of pid namespaces that the kernel can nest */

struct restorer_thread {
	int32_t pid;			/* in the pid namespace of the tree */
	uint32_t n_set_tid;
	int32_t set_tid[RESTORER_PIDS];	/* for clone3(2): the innermost namespace first */
	uint32_t pad;
	uint64_t stack_top;
	struct late_set late;
};

/* At the start of the arena; offsets in late tables count from here. Addresses are final ones. */
struct restorer_args {
	uint64_t shared;		/* struct restore_shared */
	uint32_t close_from;		/* descriptors of the tool: this number and above */
	uint32_t n_threads;
	int32_t pid;
	uint32_t n_done;		/* futex: threads that have run their THREAD rows */
	uint32_t is_shared_done;	/* futex: the leader has run its SHARED rows */
	uint32_t pad;
	struct restorer_thread threads[];	/* [0]: the leader, whose set has the rows of the process too */
};
