/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The robust futex list of a thread: get_robust_list(2) tells it from outside. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"

static int robust_scan_thread(struct dump *d not_used, struct thread *th)
{
	ThreadCoreEntry *tc = th->core->thread_core;
	void *head;
	size_t len;

	if (syscall(SYS_get_robust_list, th->pid_real, &head, &len) < 0) {
		if (errno == ENOSYS)	/* a kernel without futexes: then nobody has set one */
			return 0;
		return fail_errno("get_robust_list");
	}
	tc->futex_rla = (uintptr_t)head;
	tc->futex_rla_len = head ? len : 0;
	return 0;
}

static int check_thread(const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;

	if (tc->futex_rla && tc->futex_rla_len != sizeof(struct robust_list_head))
		return fail(EINVAL, "robust list head of %u bytes instead of %zu", tc->futex_rla_len,
			    sizeof(struct robust_list_head));
	return 0;
}

static int robust_check(const struct task *t)
{
	int err = 0;

	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = check_thread(&t->threads[i]);
	return err;
}

static int robust_make_thread(struct restore *r, const struct thread *th)
{
	const ThreadCoreEntry *tc = th->core->thread_core;
	/* A task starts with what the tool's libc has registered, so "none" is set too. */
	struct robust_arm row = { .head = tc->futex_rla, .len = sizeof(struct robust_list_head) };

	late_add(r, LATE_robust, th, &row, sizeof(row));
	return 0;
}

const struct task_kind robust_kind = {
	.name = "robust",
	.scan_thread = robust_scan_thread,
	.check = robust_check,
	.make_thread = robust_make_thread,
};
