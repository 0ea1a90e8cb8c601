/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/fill.h: who fills which memory: the tool, or the task itself */
#include <stdbool.h>
#include "image/records.h"

struct task;

/*
 * Runs in this mapping are copied by the tool through a userfaultfd, if the task has one. Not huge pages, which
 * UFFDIO_COPY would make of small ones, nor what userfaultfd knows nothing of.
 */
bool fill_is_outside(const VmaEntry *v, bool is_premapped);
/* Is it worth a userfaultfd? Below, the restorer reads the pages in a few calls. */
bool fill_needs_uffd(const struct task *t, const bool *premapped);
