/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/kinds.h: all kinds of open file, in the order of asking */
#include <stddef.h>

#include "file/kind.h"

extern const struct file_kind *const file_kinds[];
extern const size_t n_file_kinds;
/* What follows "anon_inode:", or NULL. */
const char *anon_name(const char *link);
