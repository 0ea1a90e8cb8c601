/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/scan.h: records of mappings, for scan.c and its tests */
#include "image/records.h"
#include "mem/vmas.h"

/* The record of a mapping; shmid is left 0. */
VmaEntry *vma_record(struct arena *a, const struct vma *v);
