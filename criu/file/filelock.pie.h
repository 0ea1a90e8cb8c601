/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/filelock.pie.h: POSIX locks */
#include <stdint.h>

struct filelock_arm {
	int32_t fd, type;
	int64_t start, len;
};
long filelock_arm(const struct filelock_arm *rows, unsigned int n);
