/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* file/fown.pie.h: file owners that are threads */
#include <stdint.h>

struct fown_arm {
	int32_t fd, type, pid;
};
long fown_arm(const struct fown_arm *rows, unsigned int n);
