/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/fown.h: who gets the signals of a file (F_SETOWN, F_SETSIG) */
#include "file/kind.h"
#include "model/model.h"

/* Fills *slot (NULL slot: the record has no owner field). */
int fown_scan(struct dump *d, const struct file_facts *f, FownEntry **slot) must_check;
int fown_check(const FownEntry *e) must_check;
/* Sets owner and signal of fd, an open file of the calling task, when all tasks exist. */
int fown_set(struct restore *r, const FownEntry *e, int fd) must_check;
