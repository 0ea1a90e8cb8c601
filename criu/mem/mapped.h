/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/mapped.h: the way to what a mapping maps */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/compiler.h"
#include "base/vec.h"

struct dump;
struct task;
struct vma;

/* What was found without /proc/PID/map_files. */
struct mapped_object {
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	int fd;				/* -1: refused */
};

struct mapped_objects {
	bool has_map_files;
	VEC(struct mapped_object) v;
};

/* When the mappings of all tasks are known: whether their links may be followed. */
void mapped_probe(struct dump *d);
/*
 * A magic link that leads to the mapped file, as long as the dump lasts. Empty: nothing does, which has been refused.
 */
int mapped_link(struct dump *d, const struct task *t, const struct vma *v, char *ret_link, size_t room) must_check;
void mapped_release(struct dump *d);
