/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clear-tid address of a thread: pthread_join() sleeps on it. The image format keeps it with the registers, so
 * cpu_kind records it.
 */
#include "arch/cpu.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "task/kind.h"

static int tidaddr_make_thread(struct restore *r, const struct thread *th)
{
	struct tidaddr_arm row = { .addr = cpu_tid_address(th->core) };

	late_add(r, LATE_tidaddr, th, &row, sizeof(row));
	return 0;
}

const struct task_kind tidaddr_kind = {
	.name = "tidaddr",
	.make_thread = tidaddr_make_thread,
};
