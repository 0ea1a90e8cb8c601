/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The code that tests run inside their targets. */
#include <compel/pie.h>
#include "lib/ops.h"

static long fill(struct op *op)
{
	char *r = op->room;

	memset(r, 7, 256);
	memcpy(r, "0123456789", 10);
	memmove(r + 3, r, 10);
	if (memcmp(r, "0120123456789\7", 14))
		return 1;
	memmove(r, r + 3, 10);
	if (memcmp(r, "0123456789", 10) || r[255] != 7)
		return 2;
	r[10] = 0;
	return strlen(r) == 10 && !strcmp(r, "0123456789") && strcmp(r, "01") > 0 ? 0 : 3;
}

static long touch_stack(void)
{
	volatile char room[12288];

	for (size_t i = 0; i < sizeof(room); i += 512)
		room[i] = i >> 9;
	return room[1024];
}

static long meet(struct op *op)
{
	__atomic_add_fetch(&op->met, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&op->met, __ATOMIC_SEQ_CST) < op->b)
		pie_syscall6(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
	return op->b;
}

long pie_main(void *arg)
{
	struct op *op = arg;
	struct {
		long s, ns;
	} ts = { op->a / 1000000000, op->a % 1000000000 };
	uint64_t mask;

	__atomic_store_n(&op->has_begun, 1, __ATOMIC_SEQ_CST);
	switch (op->kind) {
	case OP_ADD:
		return op->a + op->b;
	case OP_SPIN:
		for (volatile long i = 0; i < op->a; i++)
			;
		return op->a;
	case OP_CALLS:
		for (long i = 0; i < op->a; i++)
			sys_getppid();
		return op->a;
	case OP_SLEEP:
		return sys_nanosleep(&ts, NULL);
	case OP_MEET:
		return meet(op);
	case OP_CRASH:
		*(volatile long *)op->a = 1;
		return 0;
	case OP_MASK:
		sys_rt_sigprocmask(0, NULL, &mask, sizeof(mask));
		return mask;
	case OP_STACK:
		return touch_stack();
	case OP_FILL:
		return fill(op);
	}
	return -1;
}
