/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a core record that every thread has, whatever else is known of it. */
#include <errno.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "run/dump.h"
#include "task/record.h"

static int scan_thread(struct dump *d, struct thread *th)
{
	ThreadCoreEntry *tc = arena_msg(&d->m.arena, ThreadCoreEntry, thread_core_entry__init);
	int err;

	th->core->mtype = CORE_ENTRY__MARCH__X86_64;
	th->core->thread_core = tc;
	tc->has_blk_sigset = true;
	err = compel_sigmask_get(th->pid_real, &tc->blk_sigset);
	if (!err)
		err = compel_regs_get(th->pid_real, &th->dump->regs);
	if (err)
		return fail_with(err, "read the registers of thread %d", th->pid_real);
	compel_regs_restart(&th->dump->regs);
	return 0;
}

/* /proc/PID/stat shows 0 to whoever may not trace it: then a comparison with itself is refused, too. */
static bool is_status_hidden(pid_t pid)
{
	return syscall(SYS_kcmp, pid, pid, KCMP_FILES, 0, 0) < 0 && errno == EPERM;
}

static TaskCoreEntry *scan_process(struct dump *d, const struct task *t)
{
	const struct proc_stat *st = leader(t)->dump->stat;
	TaskCoreEntry *tc = arena_msg(&d->m.arena, TaskCoreEntry, task_core_entry__init);

	tc->task_state = t->state;
	tc->flags = st->flags;
	tc->comm = arena_strdup(&d->m.arena, st->comm);
	if (t->state == TASK_DEAD)
		tc->exit_code = st->exit_code;
	if (t->state == TASK_DEAD && !st->exit_code && is_status_hidden(leader(t)->pid_real))
		refuse(&d->refusals, REFUSE_TASK_STATE, "it has ended, and how it ended is not shown to this user: its "
		       "parent must wait for it");
	if (t->state == TASK_STOPPED) {
		tc->has_stop_signo = true;
		tc->stop_signo = t->dump->stop_signo;
	}
	return tc;
}

int core_scan(struct dump *d, struct task *t)
{
	CoreEntry *core = leader(t)->core;

	core->mtype = CORE_ENTRY__MARCH__X86_64;
	core->tc = scan_process(d, t);
	if (!is_alive(t))
		return 0;
	t->mm = arena_msg(&d->m.arena, MmEntry, mm_entry__init);
	for (size_t i = 0; i < t->n_threads; i++) {
		int err = scan_thread(d, &t->threads[i]);

		if (err)
			return err;
	}
	core->tc->blk_sigset = core->thread_core->blk_sigset;
	return 0;
}
