/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/comm.pie.h: the name of a thread */

enum { COMM_BYTES = 16 };		/* TASK_COMM_LEN, the terminator included */

struct comm_arm {
	char name[COMM_BYTES];
};
long comm_arm(const struct comm_arm *rows, unsigned int n);
