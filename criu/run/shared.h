/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/shared.h: the page that the tool and all tasks being restored see */
#include <stdint.h>
#include <sys/types.h>

struct restore;
struct task;

/* The steps that all tasks take together. A task arrives; the tool lets all go on when all have arrived. */
enum restore_step {
	STEP_FORKED,			/* every task exists */
	STEP_MADE,			/* every task has made the files it owns; shared_file says where */
	STEP_INSTALLED,			/* every descriptor table is complete */
	STEP_READY,			/* nothing more is asked of other tasks by code with libc */
	STEP_MAPPED,			/* in the restorer: all mappings exist, contents may be filled in from outside */
	STEP_FILLED,			/* the tool has filled memory */
	STEP_ARMED,			/* all that a thread can do for itself is done; waits for the tool's ptrace */
	STEP_COUNT
};

/* Freestanding code uses this too: no pointers. */
struct shared_task {
	int32_t pid_real;		/* in the tool's pid namespace */
	int32_t uffd;			/* number of a userfaultfd in the task, or -1 */
};

/* Where an open file can be fetched from with pidfd_getfd, once STEP_MADE is over. */
struct shared_file {
	int32_t pid_real;		/* 0: not made */
	int32_t fd;
};

struct restore_shared {
	uint32_t step;			/* futex: the step that may be left */
	uint32_t n_arrived;		/* futex: how many have arrived at the current step */
	uint32_t n_expected;
	int32_t error;			/* the first failure, a positive errno; wakes everybody */
	int32_t error_pid;
	char error_what[48];		/* for failures in code without libc: the stem of the kind */
	int32_t error_detail;
	uint32_t n_tasks, n_files;
	struct shared_task tasks[];	/* by task->index; the files follow: shared_file() */
};

static inline struct shared_file *shared_file(struct restore_shared *s, size_t index)
{
	return (struct shared_file *)&s->tasks[s->n_tasks] + index;
}
