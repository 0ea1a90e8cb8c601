/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/resident.h: which pages of a mapping exist, if its task was asked */
#include <stdint.h>

struct task;
struct vma;

/* A byte for each page, bit 0: it exists; NULL: nobody knows. */
const uint8_t *resident_pages(const struct task *t, const struct vma *v);
