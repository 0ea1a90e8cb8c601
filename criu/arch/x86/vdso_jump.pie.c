/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86-64: movabs $to, %rax; jmp *%rax. No function of a vDSO expects anything in %rax. */
#include <compel/pie.h>
#include "vdso_jump.pie.h"

long vdso_jump_arm(const struct vdso_jump_arm *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned char *code = (unsigned char *)rows[i].at;

		code[0] = 0x48;
		code[1] = 0xb8;
		memcpy(code + 2, &rows[i].to, sizeof(rows[i].to));
		code[10] = 0xff;
		code[11] = 0xe0;
	}
	return 0;
}
