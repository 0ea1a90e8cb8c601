/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/search.h: descriptors of the tree by number or by what they lead to */
#include "model/model.h"

/* The descriptor with this number, or NULL. */
const FdinfoEntry *table_find(const struct fd_table *t, uint32_t fd);

/* A question about descriptor fd of a process: 1 yes, 0 no, or a negative errno. */
typedef int (*fd_question)(pid_t pid_real, int fd, void *arg);
/* The first descriptor of the table that the answer is yes for, or NULL; ret_err tells of failures. */
const FdinfoEntry *table_search(const struct fd_table *t, fd_question is_it, void *arg, int *ret_err);
/* In all tables but this one. */
const FdinfoEntry *tables_search(const struct model *m, const struct fd_table *but, fd_question is_it, void *arg,
				 int *ret_err);
