/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/install.h: a descriptor to its number */
#include <stdbool.h>
#include "base/compiler.h"

/* from may be to; from stays open. */
int fd_put(int from, int to, bool is_cloexec) must_check;
