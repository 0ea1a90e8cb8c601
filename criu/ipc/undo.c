/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes have to undo on semaphores at their end (SEM_UNDO). The kernel tells by kcmp(2) whether a thread has a
 * list of that at all.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "ipc/ipc.h"
#include "ipc/undo.h"
#include "ns/kind.h"
#include "run/dump.h"

/* The tool has none, so who is equal to it has none either. */
static int has_list(const struct thread *t)
{
	long r = syscall(SYS_kcmp, t->pid_real, getpid(), KCMP_SYSVSEM, 0, 0);

	return r < 0 ? fail_errno("compare the semaphores of thread %d with kcmp(2)", t->pid) : r != 0;
}

static int scan_task(struct dump *d, const struct task *t)
{
	for (size_t i = 0; i < t->n_threads; i++) {
		IN_SCOPE("thread", t->threads[i].pid);
		int got = has_list(&t->threads[i]);

		if (got < 0)
			return got;
		if (got)
			refuse(&d->refusals, REFUSE_IPC_UNDO, "has changed a semaphore with SEM_UNDO");
	}
	return 0;
}

int ipc_undo_scan(struct dump *d, struct ipc_ns *ns)
{
	for (size_t i = 0; i < d->m.tasks.n && ns->sets.n; i++) {
		const struct task *t = d->m.tasks.v[i];
		int err = is_alive(t) && t->dump->proc && ns_of(&d->m, t, NS_IPC) == ns->ns ? scan_task(d, t) : 0;

		if (err)
			return err;
	}
	return 0;
}
