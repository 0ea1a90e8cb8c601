/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of a thread. That of the leader is the one of the process, and is kept twice. */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "kernel/proc_stat.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"

static int comm_scan_thread(struct dump *d, struct thread *th)
{
	char *name = arena_strdup(&d->m.arena, th->dump->stat->comm);

	th->core->thread_core->comm = name;
	if (th->core->tc)
		th->core->tc->comm = name;
	return 0;
}

static const char *comm_of(const struct thread *th)
{
	const CoreEntry *core = th->core;

	/* Images of early versions have only the name of the process. */
	if (core->thread_core->comm)
		return core->thread_core->comm;
	return core->tc ? core->tc->comm : leader(th->task)->core->tc->comm;
}

static int comm_check(const struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (strlen(comm_of(&t->threads[i])) >= COMM_BYTES)
			return fail(EINVAL, "name '%.32s' of thread %d is longer than 15 bytes",
				    comm_of(&t->threads[i]), t->threads[i].pid);
	return 0;
}

static int comm_make_thread(struct restore *r, const struct thread *th)
{
	struct comm_arm row = { 0 };

	memcpy(row.name, comm_of(th), strlen(comm_of(th)));
	late_add(r, LATE_comm, th, &row, sizeof(row));
	return 0;
}

const struct task_kind comm_kind = {
	.name = "comm",
	.scan_thread = comm_scan_thread,
	.check = comm_check,
	.make_thread = comm_make_thread,
};
