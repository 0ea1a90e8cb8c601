/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/identity.h: which descriptors are one open file, which tables are one */
#include "file/state.h"

/*
 * The description that descriptor fd of a task is, known or new (id 0, to be set by the caller). Files with different
 * keys are never the same; the rest is asked with kcmp, in a search tree, so n equal keys cost n log n questions.
 */
int description_find(struct dump *d, uint64_t key, pid_t pid_real, int fd, struct description **ret) must_check;
/* The descriptor table of a task: known or new (n of fds 0 and owner NULL). */
int fd_table_find(struct dump *d, pid_t pid_real, struct fd_table **ret) must_check;
/* Whether two threads have one descriptor table: 1, 0, or a negative errno (reported). */
int has_same_fd_table(pid_t a, pid_t b) must_check;
