/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/equal.h: pages of a task that its parent has too */
#include <stdbool.h>
#include "image/records.h"

struct model;
struct task;

/* Can pages of the parent's mapping become pages of the child's by fork? */
bool vma_corresponds(const VmaEntry *parent, const VmaEntry *child);
/* Images without the extension: runs with the contents of the parent's at the same addresses become shared ones. */
void equal_find(struct model *m, struct task *t);
