/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* pie/late.h: work for the restorer, as tables in one relocatable arena */
#include <stddef.h>
#include <stdint.h>

enum late_id {
#define LATE(stem, when) LATE_##stem,
#include "pie/late.def"
#undef LATE
	LATE_COUNT
};

/* Rows of one kind: offset from the start of the arena, and how many. */
struct late_table {
	uint32_t off, n;
};

struct late_set {
	struct late_table t[LATE_COUNT + 1];
};

struct restore;
struct thread;
/*
 * One more row for the restorer: size bytes, copied. th is the thread it is for; rows with when FIRST and LAST belong
 * to the leader. Called by make and make_thread of kinds, in the task that is being restored.
 */
void late_add(struct restore *r, enum late_id id, const struct thread *th, const void *row, size_t size);
