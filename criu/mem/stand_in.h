/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/stand_in.h: copies of memory that only mappings lead to */
#include <stdbool.h>
#include "base/compiler.h"

struct dump;
struct vma;

/* Shared anonymous memory, or a memfd: nobody can have it by a path. */
bool is_memory_alone(const struct vma *v);
/* A memfd of the same name that holds what the mappings of all tasks show of it; -1: refused. */
int stand_in_make(struct dump *d, const struct vma *v, int *ret_fd) must_check;
