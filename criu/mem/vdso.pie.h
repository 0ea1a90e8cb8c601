/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/vdso.pie.h: the running kernel's vDSO and vvar, moved */
#include <stdint.h>

struct vdso_arm {
	uint64_t from, len, to;
};
long vdso_arm(const struct vdso_arm *rows, unsigned int n);
