/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the process dumps core and its user may trace it: 0 no, 1 yes, 2 core dumps for root only. Set at the end,
 * because every change of credentials resets it to fs.suid_dumpable.
 */
#include <errno.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"

enum { DUMPABLE_NO, DUMPABLE_YES, DUMPABLE_ROOT };

static int dumpable_scan(struct dump *d not_used, struct task *t)
{
	int64_t value = t->dump->inside->dumpable.value;

	if (value < 0)
		return fail_with(value, "PR_GET_DUMPABLE");
	t->mm->has_dumpable = true;
	t->mm->dumpable = value;
	return 0;
}

static int dumpable_check(const struct task *t)
{
	if (t->mm->has_dumpable && (t->mm->dumpable < DUMPABLE_NO || t->mm->dumpable > DUMPABLE_ROOT))
		return fail(EINVAL, "value %d is not 0, 1 or 2", t->mm->dumpable);
	return 0;
}

static int dumpable_make(struct restore *r, const struct task *t)
{
	struct dumpable_arm row = { .value = t->mm->dumpable };

	if (!t->mm->has_dumpable)
		return 0;
	if (row.value == DUMPABLE_ROOT) {	/* prctl() refuses it: only execve and setuid lead there */
		warn("lost: no core dumps for root (2) any more, the task does not dump core (0)");
		row.value = DUMPABLE_NO;
	}
	late_add(r, LATE_dumpable, leader(t), &row, sizeof(row));
	return 0;
}

const struct task_kind dumpable_kind = {
	.name = "dumpable",
	.scan = dumpable_scan,
	.check = dumpable_check,
	.make = dumpable_make,
};
