/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/shared.h: the page that the tool and all tasks being restored see */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct restore;
struct task;

/*
 * The steps that all tasks take together: whoever has done its part arrives, and waits until the tool opens the next
 * step, which it does when all have arrived. Up to STEP_MAPPED the leaders of living tasks arrive, then all threads.
 */
enum restore_step {
	STEP_FORKED,			/* every task exists, sessions and group leaders are what they were */
	STEP_GROUPED,			/* everybody is in its process group; zombies may die, helpers leave */
	STEP_MADE,			/* every task has made the files it owns; shared_file says where */
	STEP_INSTALLED,			/* every descriptor table is complete */
	STEP_READY,			/* nothing more is asked of other tasks by code with libc */
	STEP_MAPPED,			/* in the restorer: all mappings exist, contents may be filled in from outside */
	STEP_ARMED,			/* every thread has done what it can do untraced; the tool attaches now */
	STEP_TRACED,			/* what only a traced thread can do (seccomp, suspended) is done: nobody moves */
	STEP_COUNT
};

/* Freestanding code uses this too: no pointers. */
struct shared_task {
	int32_t pid_real;		/* in the tool's pid namespace */
	int32_t pidfd;			/* number of its pidfd in the root task: file/relay.h */
	int32_t uffd;			/* number of a userfaultfd in the task, or -1 */
	uint64_t region, region_len;	/* the restorer's mapping */
};

/* Where an open file can be fetched from with pidfd_getfd, once STEP_MADE is over. */
struct shared_file {
	int32_t pid;			/* as the tree sees it; 0: not made */
	int32_t fd;
};

/* A namespace of the tree, once the first task in it has made it. */
struct shared_ns {
	uint32_t is_ready;		/* futex */
	uint32_t has_pid, is_mapped;	/* futexes: of user namespaces, between the first task and who forks it */
	int32_t pid_real;		/* of that task, in the tool's pid namespace */
	int32_t fd;			/* its number in the root task, where a maker has made it; else -1 */
};

struct restore_shared {
	uint32_t step;			/* futex: the step that is being worked at */
	uint32_t n_arrived;		/* futex: how many have done their part of it */
	uint32_t n_wanted;		/* with how many the tool goes on: it is woken for the last of them only */
	int32_t error;			/* the first failure, a positive errno; wakes everybody */
	int32_t error_pid;
	char error_what[48];		/* for failures in code without libc: the stem of the kind */
	int32_t error_detail;
	uint32_t n_tasks, n_files;
	struct shared_task tasks[];	/* by task->index; files and namespaces follow: shared_file(), shared_ns() */
};

/*
 * In a task: one more has arrived. True: the tool may be waiting for this one, and is to be woken. Both sides write
 * their word before they read the other's, in one order for all, so one of them sees that all are there.
 */
static inline bool shared_arrive(struct restore_shared *s)
{
	uint32_t n = __atomic_add_fetch(&s->n_arrived, 1, __ATOMIC_SEQ_CST);

	return n >= __atomic_load_n(&s->n_wanted, __ATOMIC_SEQ_CST);
}

static inline struct shared_file *shared_file(struct restore_shared *s, size_t index)
{
	return (struct shared_file *)&s->tasks[s->n_tasks] + index;
}

static inline struct shared_ns *shared_ns(struct restore_shared *s, size_t index)
{
	return (struct shared_ns *)shared_file(s, s->n_files) + index;
}
