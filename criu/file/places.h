/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/places.h: descriptors in a task that is being restored */
#include "base/compiler.h"
#include "file/kind.h"

/* Moves *fd above service_fd_min, where nothing of the task is, and gives it away: it stays until the task runs. */
int fd_keep(const struct restore *r, int *fd, int *ret_kept) must_check;
/* Where this task has the file with this id, or -1. */
int file_place(const struct restore *r, uint32_t id);
/* A new descriptor for the same file, whoever made it. After STEP_MADE. */
int file_fetch(const struct restore *r, uint32_t id, int *ret_fd) must_check;
/* Opens what fd leads to once more: a new description, with these flags. */
int file_reopen(int fd, uint32_t flags, int *ret_fd) must_check;

/* The descriptor that --inherit-fd gives for this key, or -1. */
int inherited_find(const struct restore *r, const char *key);
struct options;
/* Whether each --external is one that something knows, and --file-validation a method. */
int files_check_options(const struct options *opt) must_check;
