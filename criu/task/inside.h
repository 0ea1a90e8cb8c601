/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/inside.h: asking the tasks themselves, one parasite run each */
#include <stddef.h>
#include <stdint.h>
#include "base/compiler.h"

struct arena;
struct dump;
struct task;

/*
 * Room for questions about any number of objects, behind the fixed part of the parasite's data: bytes at an offset from
 * struct inside_task, where the answers are found afterwards too.
 */
struct inside_more {
	struct arena *arena;
	char *bytes;
	size_t len;
	size_t start;			/* offset of the first byte */
};
/* Appends size bytes, 8-aligned; returns their offset. */
uint32_t inside_append(struct inside_more *more, const void *p, size_t size);

/* Fills task->dump->inside and the inside of each thread; the parasite is gone again afterwards. */
int inside_ask(struct dump *d, struct task *t) must_check;
