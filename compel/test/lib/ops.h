/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* ops.h: what the blob of the tests can do inside a target */

enum op_kind {
	OP_ADD,		/* a + b */
	OP_SPIN,	/* a rounds of nothing */
	OP_CALLS,	/* a times getppid */
	OP_SLEEP,	/* a ns */
	OP_MEET,	/* wait until b threads are in here; counts in `met` */
	OP_CRASH,	/* write to address a */
	OP_MASK,	/* the signal mask it runs with */
	OP_STACK,	/* touch 12 KiB of stack */
	OP_FILL,	/* memset, memcpy and friends; 0 if they are right */
};

struct op {
	enum op_kind kind;
	long a, b;
	int met;
	int has_begun;
	char room[256];
};
