/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* ipc/undo_list.h: the kernel's lists of what processes have to undo on semaphores */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/compiler.h"
#include "kernel/peek.h"

/*
 * No interface tells them, so they are read from the kernel's memory. Those who have them are stopped. All functions are
 * questions: they report nothing and give a negative errno.
 */
struct undo_reader {
	bool is_open;
	int err;			/* of the attempt to open it: there is only one */
	struct peek peek;
	uint64_t head, at;		/* the list being read */
	unsigned int n;
};
void undo_reader_close(struct undo_reader *r);
/* Would it work here? */
int undo_reader_probe(struct undo_reader *r) must_check;

/* The list of this thread, for undo_list_next(); its address tells who shares it. */
int undo_list_open(struct undo_reader *r, pid_t tid, uint64_t *ret_list) must_check;
/* 1: one more record, of the set with this id; 0: that was all. */
int undo_list_next(struct undo_reader *r, uint64_t *ret_record, int *ret_id) must_check;
/* The adjustments of a record, whose set has n semaphores. */
int undo_list_values(struct undo_reader *r, uint64_t record, size_t n, int16_t *ret) must_check;
