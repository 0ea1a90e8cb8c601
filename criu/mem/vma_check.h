/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vma_check.h: is a loaded mm record sane */
#include <sys/types.h>
#include "base/compiler.h"
#include "image/records.h"

/* Everything but what needs other records (file ids). Reports file, mapping and value. */
int mm_check(pid_t pid, const MmEntry *mm) must_check;
