/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mount/make.h: file systems, made from their records */
#include "mount/tree.h"

/* A detached mount of the whole file system, with its contents from an archive; -1: it stays empty. */
int base_make(const struct mnt_base *b, int contents, int *ret_fd) must_check;
/* Opens tmpfs-dev-N.tar.gz.img, in a process that may. */
int base_contents_open(const struct mnt_base *b, int img_dir) must_check;
/* The source of what stands for a covered mount of the machine: nothing is in it. */
#define SOURCE_COVERED "criu:covered"
/* A detached, empty tmpfs. */
int tmpfs_make(const char *source, int *ret_fd) must_check;
/* Needs the library for contents. */
bool base_has_contents(const struct mnt_base *b);
