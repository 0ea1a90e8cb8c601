/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/rseq.h: threads that stand inside a restartable sequence */
#include <linux/rseq.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"

struct thread;

/* What becomes of a thread at ip whose area names this critical section. */
enum rseq_place { RSEQ_OUTSIDE, RSEQ_ABORT, RSEQ_KEEP };
enum rseq_place rseq_place_of(const struct rseq_cs *cs, uint64_t ip);

/*
 * For the tool, on a stopped thread of the restored tree whose memory and registers are final: names the critical
 * section again that the thread was dumped in, where it may not be aborted. Nothing to do for nearly all threads.
 */
int rseq_resume(const struct thread *th, pid_t pid_real) must_check;
