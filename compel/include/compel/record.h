/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/record.h: who puts a process back when the one that was at work in it is killed */

/*
 * While a system call is made in a thread with nothing loaded, and while code is loaded, the process
 * is not what it was, and a tracer that is killed then cannot put it back. So what is changed stands
 * in a record first, in memory that a second process shares. When the first has died, however it did,
 * the second calls compel_put_back() for each record.
 *
 * With a record, a thread whose tracer dies in the middle of an injected call does not run into the
 * dark: it waits in pause(2), or spins at a jump to itself that was found in the program's text, until
 * it is put back. Without such a jump, and under seccomp filters that forbid pause(2), it is lost as
 * it is without a record.
 */
#include <compel/proc.h>

#define COMPEL_RECORD_SIZE 512	/* bytes of a record; aligned to 8 */

/*
 * What is done in the process from now on stands in `record`, zeroed shared memory that is used for
 * nothing else until compel_close(). Call it when nothing is loaded yet.
 */
void compel_keep_record(struct compel_proc *p, void *record);

/*
 * The process whose tracer has died gets back its registers, signal mask, rseq and dispatch state,
 * and loses the mapping of compel_load(). An empty record, or one whose process has died: 0. Otherwise
 * the error, with what went wrong in `ret_error` (size bytes).
 */
must_check int compel_put_back(void *record, char *ret_error, size_t size);
