/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* vdso_jump.pie.h: functions of an old vDSO lead to the running one */
#include <stdint.h>

struct vdso_jump_arm {
	uint64_t at, to;
};
enum { VDSO_JUMP_BYTES = 12 };
long vdso_jump_arm(const struct vdso_jump_arm *rows, unsigned int n);
