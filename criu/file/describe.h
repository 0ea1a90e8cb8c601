/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/describe.h: names for files that no kind claims */
#include "file/kind.h"

/* Refuses the file, saying what it is. */
void refuse_unclaimed(struct dump *d, const struct file_facts *f);
/* The name of the file system that fd is on, "" if it is an ordinary one. */
const char *special_fs_name(int fd);
